"""Start the studio: `python -m nvg_studio [picture or project]`; `main.py` and `nvg-studio-window` call this."""

import os
import sys
from pathlib import Path


def display_missing() -> bool:
    """Whether a window cannot open here. QT_QPA_PLATFORM overrides the check (offscreen, vnc, ...)."""
    wanted = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform.startswith("linux") and not any(os.environ.get(name) for name in wanted)


def no_display() -> str:
    """What to say and to do where no window can open."""
    command = Path(sys.executable).with_name("nvg-studio")
    return (
        "NVG Studio needs a display and found none (neither DISPLAY nor WAYLAND_DISPLAY is set); without a window use "
        f"the command line, for example: {command} generate --class rose --seed 3 out.png"
    )


def main(arguments: list[str] | None = None) -> int:
    """Open the studio and return its exit code; 2 and one line on standard error where no window can open.

    `arguments` are those of the command line, the program's name first; None: those of this process.
    """
    if display_missing():
        sys.stderr.write(no_display() + "\n")
        return 2
    from nvg_studio.ui.app import main as start  # only now: Qt's libraries may be missing where there is no display

    return start(arguments)


if __name__ == "__main__":
    sys.exit(main())
