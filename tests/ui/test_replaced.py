"""A document is replaced while work for it is pending: what the work answers never touches the next document."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from nvg_studio.editor.documents.open_document import NewDocument, OpenDocument
from nvg_studio.editor.files import autosaver
from nvg_studio.engine.scripted import SCRIPTED_INFO, encode, identity_named
from nvg_studio.imaging.crop import square_crop
from nvg_studio.imaging.read import read_image
from nvg_studio.project import document as documents
from nvg_studio.project.autosave import recoverable
from nvg_studio.project.export.kinds import Format
from nvg_studio.project.storage import project_file
from tests.ui.driver import Studio, answering, model_folder
from tests.ui.generation import free_stroke, hold, let_go, make_variations
from tests.ui.pending import edit, held
from tests.ui.test_autosaver import leave_unsaved, offered
from tests.ui.test_export import choose, confirm, dialog_of

Pending = Callable[[Studio, Path, list[Path]], AbstractContextManager[None]]


@contextmanager
def opening_a_project(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    project_file.save(studio.session.to_project(), folder / "other.nvgs")
    with held("nvg_studio.project.storage.project_file.load") as gate:
        studio.window.project_files.open(folder / "other.nvgs")
        gate.wait_entered(studio)
        yield


@contextmanager
def opening_a_photo(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    with held("nvg_studio.editor.files.project_files.read_image") as gate:
        studio.window.project_files.open(samples[2])
        gate.wait_entered(studio)
        yield


@contextmanager
def reading_a_photo(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    hold(studio)
    studio.window.project_files.open(samples[2])
    studio.until(lambda: studio.session.pending_photo is not None)
    yield
    let_go(studio)


@contextmanager
def opening_a_copy(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    project_file.save(studio.session.to_project(), folder / "other.nvgs")
    studio.window.project_files.locked_elsewhere = folder / "other.nvgs"
    with held("nvg_studio.project.storage.project_file.load") as gate:
        studio.window.project_files.open_copy()
        gate.wait_entered(studio)
        yield


@contextmanager
def saving(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    edit(studio)
    snapshot = studio.snapshot
    with held("nvg_studio.project.storage.project_file.save") as gate:
        studio.window.project_files.save(folder / "first.nvgs")
        gate.wait_entered(studio)
        yield
    studio.settle()
    assert project_file.load(folder / "first.nvgs").document.snapshot == snapshot


@contextmanager
def saving_a_picture(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    base = studio.session.base
    with held("nvg_studio.project.export.export.export_to") as gate, answering("getSaveFileName", folder / "out.png"):
        studio.trigger_when_enabled("file.export_png")
        gate.wait_entered(studio)
        yield
    studio.settle()
    assert np.array_equal(read_image(folder / "out.png"), base)


@contextmanager
def autosaving(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    with held("nvg_studio.project.autosave.save") as gate:
        edit(studio)
        studio.session.autosaver.write()
        gate.wait_entered(studio)
        yield
    studio.until(lambda: studio.session.autosaver.up_to_date)
    assert not list(studio.session.autosaver.folder.glob("*.nvgs"))  # it was given up, and the next one has no changes


@contextmanager
def exporting(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    with held("nvg_studio.project.export.export.export_to") as gate:
        dialog = dialog_of(studio)
        choose(dialog, Format.ORA)
        with answering("getSaveFileName", folder / "out.ora"):
            confirm(studio, dialog)
        gate.wait_entered(studio)
        yield
    studio.until((folder / "out.ora").exists)


@contextmanager
def generating(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    engine = hold(studio)
    studio.trigger("file.generate")
    engine.step(3)
    yield
    let_go(studio)
    studio.until(lambda: not engine.busy)


@contextmanager
def running(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    engine = hold(studio)
    studio.press_card(4)
    studio.session.generation.run(3)
    engine.step(2)
    yield
    let_go(studio)
    studio.until(lambda: not engine.busy)
    assert len(engine.requests) == 1


@contextmanager
def composing_a_run(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    with held("nvg_studio.project.results.apply_result") as gate:
        studio.press_card(6)
        gate.wait_entered(studio)
        yield


@contextmanager
def running_live(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    engine = hold(studio)
    studio.set_run_options(live=True)
    free_stroke(studio, size=2)
    studio.until(lambda: len(engine.requests) == 1)
    free_stroke(studio, level=2, size=2)  # and another one waits
    yield
    let_go(studio)
    studio.set_run_options(live=False)
    assert len(engine.requests) == 1


@contextmanager
def choosing(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    make_variations(studio, 2)
    studio.set_run_options(variations=1)
    with held("nvg_studio.project.results.apply_pending") as gate:
        studio.session.generation.use_result(1)
        gate.wait_entered(studio)
        yield


@contextmanager
def reading_a_reference(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    with held("nvg_studio.editor.reference.controller.read_image") as gate:
        studio.window.reference_controller.open(samples[3])
        gate.wait_entered(studio)
        yield


@contextmanager
def drawing_stages(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    hold(studio)
    sequence = studio.session.sequence
    studio.session.stage_pictures.set_model(identity_named("another"))
    studio.session.stage_pictures.request([(sequence, stage) for stage in range(9)])
    yield
    let_go(studio)
    studio.session.stage_pictures.set_model(SCRIPTED_INFO.identity)


@contextmanager
def recovering(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    leave_unsaved(studio, "lost")
    with held("nvg_studio.project.autosave.load") as gate:
        offered(studio).recover.click()
        gate.wait_entered(studio)
        yield
    studio.settle()
    found = recoverable(studio.session.autosaver.folder)
    assert [one.origin.name for one in found] == ["lost"]
    for one in found:
        one.close()


@contextmanager
def switching_models(studio: Studio, folder: Path, samples: list[Path]) -> Iterator[None]:
    engine = hold(studio)
    (folder / "second").mkdir()
    studio.session.load_model(model_folder(folder / "second"))
    assert engine.busy
    yield
    let_go(studio)
    studio.until(lambda: studio.session.loading is None)


KINDS = (
    opening_a_project,
    opening_a_photo,
    reading_a_photo,
    opening_a_copy,
    saving,
    saving_a_picture,
    autosaving,
    exporting,
    generating,
    running,
    composing_a_run,
    running_live,
    choosing,
    reading_a_reference,
    drawing_stages,
    recovering,
    switching_models,
)


@pytest.mark.parametrize("pending", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_a_document_is_replaced_while_work_is_pending(
    studio: Studio, tmp_path: Path, samples: list[Path], monkeypatch: pytest.MonkeyPatch, pending: Pending
) -> None:
    monkeypatch.setattr(autosaver, "SECOND_MS", 3_600_000)
    store = studio.session.store
    with pending(studio, tmp_path, samples):
        studio.session.store.open(another(tmp_path, samples))
        opened = store.current
        assert opened is not None
    studio.settle()
    now = store.current
    assert now is not None and facts(now) == facts(opened)
    assert (
        not studio.session.modified
        and studio.session.run_queue.running is None
        and not studio.session.run_queue.waiting
    )
    studio.set_run_options(live=False)
    studio.press_card(8)
    studio.until(lambda: studio.snapshot.request is not None)
    studio.settle()


def another(folder: Path, samples: list[Path]) -> NewDocument:
    """A document with a file of its own."""
    crop = square_crop(read_image(samples[1]))
    document = documents.open_photo(encode(crop, SCRIPTED_INFO), crop, "Open another", SCRIPTED_INFO.identity.tokenizer)
    return NewDocument(document, "another", folder / "another.nvgs", saved=True)


def facts(opened: OpenDocument) -> tuple[object, ...]:
    """What must be as it was: identity, value, name, file, what is saved, reference."""
    return opened.id, opened.revision, opened.document, opened.name, opened.path, opened.saved, opened.reference
