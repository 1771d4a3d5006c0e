"""Project files, and ways to change what is in them, for the tests of storage."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nvg_studio.errors import ProjectError
from nvg_studio.project.document import Document, accept_result, open_photo, with_locks, with_name
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.storage import Project, load
from tests.project.making import DEPTH, held_region, obeying, picture, request, sequence, with_waiting

Entries = dict[str, bytes]


def full_document() -> Document:
    """A document with everything that a file can hold."""
    photo = open_photo(sequence(0), picture(0), "Open", "m")
    document = with_name(with_locks(photo, held_region(3), "Lock"), 2, 1, "ö")
    locks = document.snapshot.locks
    return accept_result(document, request(sequence(0), 2, locks), obeying(sequence(0), locks, 7), picture(7))


def full_project() -> Project:
    """A document with everything around it that a file can hold."""
    document = with_waiting(full_document(), 2, 40)
    stages = [picture(stage, 16) for stage in range(DEPTH + 1)]
    return Project(document, "tiny", Rendering.of("f" * 64, document.sequence, stages), picture(5, 30)[:20])


def entries_of(path: Path) -> Entries:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def refused(path: Path) -> str:
    with pytest.raises(ProjectError) as error:
        load(path)
    message = str(error.value)
    assert "\n" not in message and message.startswith("Cannot open") and message.endswith(".")
    return message


def rewritten(path: Path, change: Callable[[Entries], None]) -> Path:
    entries = entries_of(path)
    change(entries)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path
