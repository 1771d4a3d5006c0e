"""The log file: what went wrong, for bug reports. It stays on this machine."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from platformdirs import user_state_path

MAX_BYTES = 1 << 20
KEPT_FILES = 2
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
log = logging.getLogger("nvg_studio")


def log_file() -> Path:
    """Where the log is: below the user's state folder."""
    return user_state_path("nvg-studio", appauthor=False) / "studio.log"


def start_logging(path: Path) -> logging.Handler | None:
    """Write warnings, and uncaught exceptions, to a file that is cut at 1 MiB and kept twice over.

    Returns the handler; None where the disk refuses, which is no reason not to start.
    """
    logging.basicConfig(level=logging.WARNING)
    sys.excepthook = _log_uncaught
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=False)
    except OSError as problem:
        log.warning("There will be no log file: %s", problem)
        return None
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
    return handler


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("An uncaught exception", exc_info=(kind, error, trace))
