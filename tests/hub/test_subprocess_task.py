"""Work in a process of its own: results, refusals, cancelling, death."""

import os
import threading
import time
from pathlib import Path

import pytest

from nvg_studio.errors import Cancelled, CheckpointError, HubError
from nvg_studio.hub.install import new_folder
from nvg_studio.hub.progress import Progress, Report
from nvg_studio.hub.subprocess_task import run_in_subprocess


def count(up_to: int, report: Report) -> int:
    for number in range(up_to):
        report(Progress("Counting", number, up_to))
    return up_to


def refuse(kind: str, report: Report) -> None:
    raise {"ours": CheckpointError("It is damaged."), "disk": OSError(28, "No space left", "x")}.get(kind, KeyError(1))


def wait(folder: Path, report: Report) -> None:
    with new_folder(folder):
        report(Progress("Waiting"))
        time.sleep(60)


def die(report: Report) -> None:
    os._exit(9)


def test_results_and_progress_come_back(reports: list[Progress]) -> None:
    assert run_in_subprocess(count, (3,), reports.append, threading.Event()) == 3
    assert reports == [Progress("Counting", number, 3) for number in range(3)]


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [("ours", CheckpointError, "It is damaged."), ("disk", HubError, "No space left: 'x'"), ("", HubError, "KeyError")],
)
def test_refusals_come_back(kind: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        run_in_subprocess(refuse, (kind,), lambda _: None, threading.Event())


def test_stopping_ends_the_process_and_takes_its_folder_away(tmp_path: Path) -> None:
    stop, seen = threading.Event(), []

    def report(progress: Progress) -> None:
        seen.append(list(tmp_path.iterdir()))
        stop.set()

    with pytest.raises(Cancelled):
        run_in_subprocess(wait, (tmp_path / "new",), report, stop)
    assert [path.name for path in seen[0]] == [".partial-new"]
    assert list(tmp_path.iterdir()) == []


def test_a_dead_process_is_one_line() -> None:
    with pytest.raises(HubError, match="broken off"):
        run_in_subprocess(die, (), lambda _: None, threading.Event())
