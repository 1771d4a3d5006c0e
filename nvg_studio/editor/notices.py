"""Notices to the user, as values."""

import traceback
from dataclasses import dataclass
from enum import StrEnum

from nvg_studio.errors import NVGError


class Kind(StrEnum):
    """How serious a notice is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Notice:
    """What is said: one line; `details` may have many (a traceback).

    `action` and `second_offer` name actions of the table, "" for none.
    """

    text: str
    kind: Kind = Kind.INFO
    details: str = ""
    action: str = ""
    second_offer: str = ""


def error_notice(problem: Exception, kind: Kind = Kind.ERROR) -> Notice:
    """The notice of an exception: its own line where it was made for people, else what it is, with the traceback."""
    if isinstance(problem, NVGError | OSError):
        return Notice(str(problem), kind)
    details = "".join(traceback.format_exception(problem))
    return Notice(f"Something went wrong: {problem!r}", kind, details)
