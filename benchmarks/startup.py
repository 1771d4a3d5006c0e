"""How long the studio takes to a usable window and to a ready model (`python benchmarks/startup.py`).

Each repetition starts a fresh process with an empty home, as `main.py` does, and prints one JSON line: seconds from
its start until the window has been drawn and answers, and until the shipped model is ready behind it. Without
a display run it under Xvfb, or with QT_QPA_PLATFORM=offscreen.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STARTED = "STUDIO_BENCHMARK_STARTED"


def main() -> None:
    """Start the studio a few times, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    if STARTED in os.environ:
        measure(float(os.environ[STARTED]))
        return
    for _ in range(options.repetitions):
        with tempfile.TemporaryDirectory() as home:
            fresh = os.environ | {"HOME": home, "XDG_CONFIG_HOME": home, STARTED: str(time.time())}
            subprocess.run([sys.executable, __file__], env=fresh, check=True)


def measure(started: float) -> None:
    """Start the studio in this process and leave it when the model is ready."""
    sys.path.insert(0, str(ROOT))
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from nvg_studio.ui import app
    from nvg_studio.ui.window import main_window

    seconds: dict[str, float] = {}

    def look() -> None:
        shown = next((w for w in QApplication.topLevelWidgets() if isinstance(w, main_window.MainWindow)), None)
        if shown is None:
            return
        if shown.isVisible() and "window" not in seconds:
            seconds["window"] = round(time.time() - started, 2)
        if shown.session.info is not None:
            seconds["model"] = round(time.time() - started, 2)
            sys.stdout.write(json.dumps(seconds) + "\n")
            timer.stop()
            shown.close_without_asking()

    make = app.make_application

    def make_and_watch(arguments: list[str]) -> QApplication:
        application = make(arguments)
        timer.start(10)
        return application

    app.make_application = make_and_watch
    timer = QTimer()
    timer.timeout.connect(look)
    app.main([sys.argv[0]])


if __name__ == "__main__":
    main()
