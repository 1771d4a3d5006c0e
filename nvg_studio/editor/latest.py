"""Of several answers from threads only the one to the latest request is used."""

from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


class LatestOnly:
    """A request that may be repeated with other arguments before its answer is there (a file, a list)."""

    def __init__(self) -> None:
        self._number = 0

    def ask(self) -> "Request":
        """Begin a request: callbacks of earlier requests do nothing from now on."""
        self._number += 1
        return Request(self, self._number)

    def is_current(self, number: int) -> bool:
        """Whether there was no later request."""
        return number == self._number


class Request:
    """One request, to wrap its callbacks: what it answers, and what says that it failed."""

    def __init__(self, question: LatestOnly, number: int) -> None:
        self._question, self._number = question, number

    @property
    def current(self) -> bool:
        """Whether it is still the latest one."""
        return self._question.is_current(self._number)

    def only(self, callback: Callable[[Value], None]) -> Callable[[Value], None]:
        """`callback`, called as long as this is the latest request."""

        def guarded(value: Value) -> None:
            if self.current:
                callback(value)

        return guarded
