"""Project files, and ways to change what is in them, for the tests of storage."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nvg_studio.errors import ProjectError
from nvg_studio.ids import TokenizerId
from nvg_studio.project.document import Document, accept_result, open_photo, with_locks, with_name
from nvg_studio.project.export.picture import encode_picture
from nvg_studio.project.importing import project_in_picture
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.storage.project_file import Project, load, save
from nvg_studio.project.view import current_view
from tests.project.documents import (
    DEPTH,
    MODEL,
    held_region,
    obeying,
    picture,
    request,
    sequence,
    waiting_of,
    with_waiting,
)
from tests.project.scenes import rendering_of

Entries = dict[str, bytes]


def full_document() -> Document:
    """A document with everything that a file can hold."""
    photo = open_photo(sequence(0), picture(0), "Open", TokenizerId("m"))
    document = with_name(with_locks(photo, held_region(3), "Lock"), 2, 1, "ö")
    locks = document.snapshot.locks
    return accept_result(document, request(sequence(0), 2, locks), obeying(sequence(0), locks, 7), picture(7))


def full_project() -> Project:
    """A document with everything around it that a file can hold."""
    document = with_waiting(full_document(), 2, 40)
    stages = [picture(stage, 16) for stage in range(DEPTH + 1)]
    return Project(document, "tiny", Rendering.of(MODEL, document.sequence, stages), picture(5, 30)[:20])


def check_round_trips(document: Document, folder: Path) -> None:
    """A document comes back from a project, and its current step from a picture, as it was."""
    path = folder / "round-trip.nvgs"
    save(Project(document), path)
    found = load(path).document
    assert found.history == document.history and waiting_of(found) == waiting_of(document)
    assert set(found.pictures) == set(document.pictures)
    held = [*found.pictures.values(), *(made.picture for made in found.pending_results)]
    assert not any(picture.flags.writeable for picture in held)
    for key, image in document.pictures.items():
        np.testing.assert_array_equal(found.pictures[key], image)
    rendering = rendering_of(document)
    picture = folder / "round-trip.png"
    picture.write_bytes(encode_picture(Project(document, "tiny", rendering), current_view(document, rendering)))
    work = project_in_picture(picture)
    assert work is not None and work.document.history.snapshots == (document.snapshot,)
    np.testing.assert_array_equal(work.document.base, document.base)


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
