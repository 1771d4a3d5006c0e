"""Programs that some tests hand files to. A name tells little: Windows has another `convert`, others a script."""

import shutil
import subprocess
from functools import cache

SECONDS = 30


@cache
def find_program(*names: str, says: str, when: str = "--version") -> str | None:
    """The path of the first of the programs that names itself, by `says`, in what it answers to the option `when`."""
    for path in filter(None, map(shutil.which, names)):
        try:
            answer = subprocess.run(
                [path, when], capture_output=True, text=True, errors="replace", check=False, timeout=SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if says.lower() in (answer.stdout + answer.stderr).lower():
            return path
    return None
