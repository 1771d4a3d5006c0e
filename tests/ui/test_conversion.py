"""A document of another tokenizer is converted to the loaded model: one step, undone as such."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nvg_studio.editor.choices import LockKind
from nvg_studio.editor.notices import Notice
from nvg_studio.engine.scripted import SCRIPTED_INFO, ScriptedEngine, encode, identity_named
from tests.ui.driver import Studio

OTHER = replace(SCRIPTED_INFO, name="other", identity=identity_named("77" * 32))


@pytest.fixture
def foreign(studio: Studio, tmp_path: Path) -> Studio:
    """A photo with a name, a lock and a painted stroke, while another model is loaded."""
    studio.session.document_editor.rename(1, 1, "sky")
    studio.session.document_editor.lock_clusters(1, frozenset({0}), LockKind.LAYOUT)
    studio.choose(tool="brush", size=3, balanced=False)
    studio.window.state.set_level(2)
    studio.window.state.activate(2)
    studio.stroke([studio.a_cell_of(2, 3)])
    load(studio, tmp_path, OTHER)
    return studio


def load(studio: Studio, folder: Path, info: object) -> None:
    engine, pictures = studio.session.engine_client.engine, studio.session.stage_pictures
    assert isinstance(engine, ScriptedEngine)
    # The scripted engine answers with its present model also what was requested before.
    studio.settle()
    studio.until(lambda: not pictures.busy)
    engine.info = info  # type: ignore[assignment]
    studio.load_model(folder / "model")


def convert(studio: Studio) -> None:
    studio.trigger("edit.convert")
    studio.until(lambda: not studio.session.conversion.busy)
    studio.settle()


def test_layout_locks_and_names_stay_and_content_is_the_pictures(foreign: Studio) -> None:
    session = foreign.session
    assert session.made_with_other_model and not session.can_run
    before, steps = foreign.snapshot, len(session.document.history.snapshots)
    assert before.sequence != before.result
    convert(foreign)
    after = foreign.snapshot
    assert not session.made_with_other_model and session.can_run
    assert after.tokenizer == OTHER.identity.tokenizer and after.request is None
    assert len(session.document.history.snapshots) == steps + 1 and after.title == "Convert to other"
    assert (after.locks, after.names, after.base) == (before.locks, before.names, before.base)
    for new, old in ((after.sequence, before.sequence), (after.result, before.result)):
        assert np.array_equal(new.bits, old.bits)
        assert new == encode(session.base, OTHER, old.bits)
    # What was painted is still to be run.
    assert session.lowest_changed_level is not None
    foreign.trigger("edit.undo")
    assert foreign.snapshot == before and session.made_with_other_model


def test_there_is_nothing_to_convert_with_the_documents_own_model(studio: Studio) -> None:
    studio.settle()
    assert not studio.window.action_set["edit.convert"].isEnabled()


def test_another_depth_is_refused_in_one_line(studio: Studio, tmp_path: Path) -> None:
    load(studio, tmp_path, replace(OTHER, grid=8, depth=6))
    before = studio.snapshot
    said: list[Notice] = []
    studio.session.notified.connect(said.append)
    convert(studio)
    assert studio.snapshot == before
    assert [notice.text.count("\n") for notice in said] == [0] and "8 levels, the model 6" in said[0].text


def test_a_conversion_that_comes_too_late_changes_nothing(foreign: Studio) -> None:
    engine = foreign.session.engine_client.engine
    assert isinstance(engine, ScriptedEngine)
    engine.manual = True
    said: list[object] = []
    foreign.session.notified.connect(said.append)
    foreign.trigger("edit.convert")
    foreign.session.document_editor.rename(1, 0, "ground")
    edited = foreign.snapshot
    engine.finish()
    foreign.until(lambda: not foreign.session.conversion.busy)
    assert foreign.snapshot == edited and any("was not converted" in str(notice) for notice in said)
    engine.manual = False


def test_the_notice_about_another_model_offers_it(foreign: Studio) -> None:
    assert foreign.window.message.action_button.isVisibleTo(foreign.window.message)
    assert "onvert" in foreign.window.message.action_button.text()
