"""Exceptions that nobody caught: a dialog with details to copy, wherever they were raised."""

import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from nvg_studio.ui.dialogs.error import ErrorDialog
from nvg_studio.ui.window.unexpected_errors import MAX_SHOWN, UnexpectedErrors
from tests.ui.driver import Studio


@pytest.fixture
def caught(bare_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[BaseException]]:
    """What the hook before ours is given, once ours is installed."""
    errors: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: errors.append(error))
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    reporter = UnexpectedErrors(bare_studio.window)
    reporter.install()
    yield errors
    reporter.remove()


def dialog_of(studio: Studio) -> ErrorDialog:
    studio.until(lambda: studio.window.findChild(ErrorDialog) is not None)
    dialog = studio.window.findChild(ErrorDialog)
    assert isinstance(dialog, ErrorDialog)
    return dialog


def fail() -> None:
    raise RuntimeError("a mistake in the program")


def test_an_exception_in_a_callback_is_shown_and_can_be_copied(
    bare_studio: Studio, caught: list[BaseException]
) -> None:
    QTimer.singleShot(0, fail)
    dialog = dialog_of(bare_studio)
    assert dialog.isVisible() and "RuntimeError: a mistake in the program" in dialog.details.toPlainText()
    assert "in fail" in dialog.details.toPlainText()
    assert [str(error) for error in caught] == ["a mistake in the program"]
    dialog.copy.click()
    assert QApplication.clipboard().text() == dialog.details.toPlainText()
    dialog.close()


def test_an_exception_in_a_thread_is_shown(bare_studio: Studio, caught: list[BaseException]) -> None:
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    dialog = dialog_of(bare_studio)
    assert "a mistake in the program" in dialog.details.toPlainText()
    dialog.close()


def test_an_error_that_comes_back_fills_one_dialog_up_to_a_limit(
    bare_studio: Studio, caught: list[BaseException]
) -> None:
    for _ in range(2 * MAX_SHOWN):
        sys.excepthook(ValueError, ValueError("again"), None)
    dialog = dialog_of(bare_studio)
    bare_studio.qtbot.wait(20)
    assert dialog.details.toPlainText().count("ValueError: again") == MAX_SHOWN
    assert len(bare_studio.window.findChildren(ErrorDialog)) == 1
    dialog.close()


def test_a_failing_job_says_so_with_details(bare_studio: Studio) -> None:
    bare_studio.window.model_manager._report_error(RuntimeError("a mistake in the program"))
    notice = bare_studio.window.message.notice
    assert notice is not None and "a mistake in the program" in notice.text and "RuntimeError" in notice.details
