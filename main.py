"""Start NVG Studio: `python main.py [picture or project]`."""

import os
import sys

NO_DISPLAY = (
    "NVG Studio needs a display and found none (neither DISPLAY nor WAYLAND_DISPLAY is set); without a window use the "
    "command line, for example: .venv/bin/nvg-studio generate --class rose --seed 3 out.png"
)


def display_missing() -> bool:
    """Whether a window cannot open here. QT_QPA_PLATFORM overrides the check (offscreen, vnc, ...)."""
    wanted = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform.startswith("linux") and not any(os.environ.get(name) for name in wanted)


def main() -> int:
    """Open the studio and return its exit code; 2 and one line on standard error where no window can open."""
    if display_missing():
        sys.stderr.write(NO_DISPLAY + "\n")
        return 2
    from nvg_studio.ui.app import main as start  # only now: Qt's libraries may be missing where there is no display

    return start()


if __name__ == "__main__":
    sys.exit(main())
