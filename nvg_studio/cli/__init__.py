"""The command line: `nvg-studio generate|encode|transfer|export|models|bench|train|evaluate`.

Thin: a command reads its options, calls the rooms, writes a file. Rooms are imported inside the commands, so that
`--help` and wrong options answer at once. Bad input gives one line and exit code 2.
"""

from nvg_studio.cli.app import main

__all__ = ["main"]
