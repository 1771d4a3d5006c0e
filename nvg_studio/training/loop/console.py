"""One line for whatever is wrong, for commands that must run where there is nothing but argparse."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from nvg_studio.errors import NVGError


def is_first() -> bool:
    """Whether this is the one that speaks, of all the processes that torchrun started with one command line."""
    return os.environ.get("WORLD_SIZE", "1") == "1" or os.environ["RANK"] == "0"


class OneLineParser(argparse.ArgumentParser):
    """Says in one line which argument is wrong."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
        line = f"nvg-studio: {message[0].upper()}{message[1:]}. See '{self.prog} --help'.\n"
        self.exit(2, line if is_first() else None)


def to_stderr(line: str) -> None:
    """Print a line where errors are looked for."""
    print(line, file=sys.stderr)


def exit_code(action: Callable[[], None], say: Callable[[str], None] = to_stderr) -> int:
    """Run an action: 0, or 2 and one line for bad input and for files that cannot be read or written."""
    try:
        action()
    except NVGError as error:
        line = str(error)
    except OSError as error:
        line = f"{error.strerror or error}: '{error.filename}'. Check the path and the space on the disk."
    else:
        return 0
    say(f"nvg-studio: {line}")
    return 2
