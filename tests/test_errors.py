"""Any exception in words: one line for the user, and a traceback where the program is at fault."""

import errno

import pytest

from nvg_studio.errors import ProjectError, describe


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ProjectError("Cannot open a.nvgs: it is damaged.\nRestore  a copy."), "Cannot open a.nvgs: it is damaged. "),
        (OSError(errno.ENOSPC, "No space left on device", "/data/a.nvgs"), "No space left on device: '/data/a.nvgs'"),
        (OSError("no number"), "no number"),
    ],
)
def test_what_the_user_can_act_on_is_one_line_without_details(error: Exception, text: str) -> None:
    described = describe(error)
    assert described.text.startswith(text) and "\n" not in described.text and not described.details


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ZeroDivisionError("a bug\nin two lines"), "Internal error (ZeroDivisionError: a bug)"),
        (MemoryError(), "Out of memory on cuda:0: make fewer pictures"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "Out of memory on cuda:0"),
    ],
)
def test_everything_else_has_its_traceback_as_details(error: Exception, text: str) -> None:
    described = describe(error, "cuda:0")
    assert described.text.startswith(text) and "\n" not in described.text
    assert type(error).__name__ in described.details
