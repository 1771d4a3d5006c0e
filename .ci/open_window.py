"""Open the installed studio offscreen with a photo, wait for it to be there, save a screenshot and close.

Usage: python open_window.py PHOTO SCREENSHOT. Run it with the Python that the studio is installed for; it takes the
entry point from the installed metadata. Exit code 1 where the photo is not open after two minutes.
"""

import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

SECONDS = 120


def main(photo: Path, screenshot: Path) -> int:
    """The exit code; see the module."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    started = time.monotonic()
    result = 1

    def look() -> None:
        nonlocal result
        # The title names the photo as soon as the model is loaded and the photo is encoded with it.
        opened = [window for window in QApplication.topLevelWidgets() if photo.stem in window.windowTitle()]
        if opened and opened[0].isVisible():
            result = 0 if opened[0].grab().save(str(screenshot)) else 1
        elif time.monotonic() - started < SECONDS:
            return
        timer.stop()
        QApplication.closeAllWindows()

    run = QApplication.exec
    timer = QTimer()
    timer.timeout.connect(look)

    def run_while_looking(*_: object) -> int:
        timer.start(100)
        return run()

    QApplication.exec = run_while_looking  # type: ignore[method-assign,assignment]
    (start,) = entry_points(group="gui_scripts", name="nvg-studio-window")
    return start.load()([sys.argv[0], str(photo)]) or result


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
