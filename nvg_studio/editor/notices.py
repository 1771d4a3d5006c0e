"""Notices to the user, as values."""

from dataclasses import dataclass
from enum import StrEnum

from nvg_studio.errors import describe


class Kind(StrEnum):
    """How serious a notice is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Notice:
    """One line for the user; `details` may have many lines (a traceback).

    `action` and `second_offer` name actions of the table that are offered with it, "" for none.
    """

    text: str
    kind: Kind = Kind.INFO
    details: str = ""
    action: str = ""
    second_offer: str = ""


def error_notice(error: Exception, kind: Kind = Kind.ERROR) -> Notice:
    """The notice of an exception."""
    described = describe(error)
    return Notice(described.text, kind, described.details)
