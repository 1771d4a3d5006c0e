#!/bin/sh
# What a bare Debian or Ubuntu lacks: Python's venv and the libraries that Qt links to. Installs it where we are root,
# otherwise prints the one apt line. Usage: .ci/system.sh [python]
set -eu
python=${1:-python3}
[ "$(uname -s)" = Linux ] || exit 0

missing=""
if ! command -v "$python" >/dev/null 2>&1; then
    missing="python3 python3-venv"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "NVG Studio needs Python 3.11 or newer and $python is older; name another one: make PYTHON=/path/to/python3.11" >&2
    exit 1
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    missing="$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
fi

# Package and library, as Debian and Ubuntu name them.
known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p)
while read -r package library; do
    case "$known" in *"$library "*) ;; *) missing="$missing $package" ;; esac
done <<LIST
libegl1 libEGL.so.1
libgl1 libGL.so.1
libglib2.0-0 libgthread-2.0.so.0
libdbus-1-3 libdbus-1.so.3
libfontconfig1 libfontconfig.so.1
libfreetype6 libfreetype.so.6
libx11-xcb1 libX11-xcb.so.1
libwayland-cursor0 libwayland-cursor.so.0
libxkbcommon0 libxkbcommon.so.0
libxkbcommon-x11-0 libxkbcommon-x11.so.0
libxcb-cursor0 libxcb-cursor.so.0
libxcb-icccm4 libxcb-icccm.so.4
libxcb-image0 libxcb-image.so.0
libxcb-keysyms1 libxcb-keysyms.so.1
libxcb-randr0 libxcb-randr.so.0
libxcb-render-util0 libxcb-render-util.so.0
libxcb-shape0 libxcb-shape.so.0
libxcb-xkb1 libxcb-xkb.so.1
LIST
[ -n "$(find /usr/share/fonts /usr/local/share/fonts -name '*.ttf' 2>/dev/null | head -n 1)" ] ||
    missing="$missing fonts-dejavu-core"

missing=$(echo $missing)
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing on this system (Debian's names): $missing. Install them with your package manager, then try again." >&2
    exit 1
elif [ "$(id -u)" != 0 ]; then
    echo "Missing on this system; install and try again: sudo apt-get install -y $missing" >&2
    exit 1
fi
echo "Installing for Qt and Python: $missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends $missing >/dev/null </dev/null
