"""Work that is held until a test lets it go on, and what tests of late answers share."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from PySide6.QtWidgets import QMessageBox

from nvg_studio.editor.choices import LockKind
from nvg_studio.editor.notices import Notice
from nvg_studio.ui.window.commands import save_commands
from tests.ui.driver import Studio

WAIT_S = 60.0
"""Generous: nothing here is timed."""
Button = QMessageBox.StandardButton


class Gate:
    """Holds the calls of a function until `open`; `entered` once the first one is held."""

    def __init__(self) -> None:
        self._entered, self._open = threading.Event(), threading.Event()

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which waits at the gate first."""

        def held(*args: Any, **kwargs: Any) -> Any:
            self._entered.set()
            assert self._open.wait(WAIT_S), "the test never opened the gate"
            return function(*args, **kwargs)

        return held

    def wait_entered(self, studio: Studio) -> None:
        """Wait until a call is held; the event loop goes on."""
        studio.until(self._entered.is_set)

    def open(self) -> None:
        """Let everybody through from now on."""
        self._open.set()


@contextmanager
def held(target: str) -> Iterator[Gate]:
    """Hold the calls of the function with this dotted name; at the end they are let go."""
    gate = Gate()
    with pytest.MonkeyPatch.context() as patch:
        module, _, name = target.rpartition(".")
        import importlib

        owner: Any = importlib.import_module(module)
        patch.setattr(owner, name, gate.around(getattr(owner, name)))
        try:
            yield gate
        finally:
            gate.open()


@contextmanager
def unsaved_answer(answer: Button) -> Iterator[list[str]]:
    """Answer the question about unsaved changes; gives the names of the documents that were asked about."""
    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(save_commands, "ask_unsaved", lambda name, parent: asked.append(name) or answer)
        yield asked


def said(studio: Studio) -> list[Notice]:
    """Every notice from now on."""
    notices: list[Notice] = []
    studio.session.notified.connect(notices.append)
    return notices


def edit(studio: Studio, cluster: int = 1) -> None:
    """One step by hand."""
    studio.session.document_editor.lock_clusters(1, frozenset((cluster,)), LockKind.LAYOUT)
