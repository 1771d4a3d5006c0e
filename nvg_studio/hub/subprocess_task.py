"""Runs a task in a subprocess: it may load torch, and can always be stopped. No torch here."""

import os
import signal
import sys
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Protocol

from nvg_studio.errors import Cancelled, HubError, NVGError, describe
from nvg_studio.hub.progress import Progress, Report

POLL_S = 0.05
END_S = 5.0
"""How long a process may clean up after itself before it is killed."""


class Flag(Protocol):
    """What says that the work is to stop, for example a threading.Event."""

    def is_set(self) -> bool:
        """Whether to stop."""


def run_in_subprocess(work: Callable[..., Any], arguments: tuple[Any, ...], report: Report, stop: Flag) -> Any:
    """`work(*arguments, report)` in a child process: its result. Blocks; meant for a thread.

    Args:
        work: a function of a module; it, its arguments and its result must be picklable.
        report: called here with what the work reports.
        stop: when it is set, the process is ended.

    Raises:
        Cancelled: it was stopped. NVGError: what the work raised, or that its process died.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_perform, args=(theirs, work, arguments), name="nvg-hub", daemon=True)
    process.start()
    theirs.close()
    answered = False
    try:
        while not stop.is_set():
            if not ours.poll(POLL_S):
                continue
            try:
                answer = ours.recv()
            except EOFError:
                raise HubError("The work was broken off, perhaps for lack of memory: nothing was changed.") from None
            if not isinstance(answer, Progress):
                answered = True
                return _result(answer)
            report(answer)
        raise Cancelled("Stopped; nothing was changed.")
    finally:
        if not answered:
            process.terminate()
        _end(process)
        ours.close()


def _result(answer: tuple[Any, Exception | None]) -> Any:
    value, error = answer
    if error is not None:
        raise error
    return value


def _end(process: Any) -> None:
    process.join(END_S)
    if process.is_alive():
        process.kill()
        process.join()


def _perform(connection: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """The child: answers with any number of Progress, then with (result, error)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # As an exception, so that the work takes its unfinished folder away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if hasattr(os, "nice"):
        os.nice(5)
    value, error = None, None
    try:
        value = work(*arguments, connection.send)
    except NVGError as problem:
        error = type(problem)(str(problem))
    except Exception as problem:
        error = HubError(describe(problem).text)
    connection.send((value, error))
