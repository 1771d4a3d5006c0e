"""The models: a list, downloads, imports, switching under an open document, and removal."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from nvg_studio.engine.scripted import identity_named
from nvg_studio.errors import Cancelled, HubError
from nvg_studio.hub import library
from nvg_studio.hub.progress import Progress
from nvg_studio.hub.published import licence_accepted
from nvg_studio.ids import Identity, ModelId, TokenizerId, model_with
from nvg_studio.paths import shipped_model
from nvg_studio.project.storage import project_file
from nvg_studio.project.storage.project_file import Project
from nvg_studio.sampling.events import Failed, ModelReady
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.ui.dialogs.licence import LicenceDialog
from nvg_studio.ui.dialogs.models import ModelsDialog
from nvg_studio.ui.dialogs.palette import CommandPalette
from tests.ui.driver import Studio
from tests.ui.generation import engine_of


@pytest.fixture(autouse=True)
def own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of models, empty; nobody has accepted a licence."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return library.user_models()


class SlowWork:
    """In place of the process: reports one step, then waits for an answer or for its end."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.answer: Path | Exception | None = None
        self.stopped = False

    def __call__(
        self, work: object, arguments: tuple[object, ...], report: Callable[[Progress], None], stop: threading.Event
    ) -> Path:
        self.asked.append(arguments)
        report(Progress("Downloading d16.ckpt", 250, 1000))
        while self.answer is None and not stop.wait(0.01):
            pass
        self.stopped = stop.is_set()
        answer, self.answer = self.answer, None
        if isinstance(answer, Path):
            return answer
        raise answer or Cancelled("Stopped; nothing was changed.")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowWork:
    work = SlowWork()
    monkeypatch.setattr("nvg_studio.editor.model_manager.run_in_subprocess", work)
    return work


def show(studio: Studio) -> ModelsDialog:
    """The dialog, with its list filled."""
    studio.trigger("run.models")
    dialog = studio.window.findChild(ModelsDialog)
    assert dialog is not None
    studio.until(lambda: bool(studio.window.model_manager.found))
    return dialog


def choose(dialog: ModelsDialog, title: str) -> None:
    dialog.list.setCurrentRow([row.title for row in dialog.rows].index(title))


def switch(studio: Studio, name: str, identity: Identity, **facts: Any) -> None:
    """Use a model of this name and identity, and of these other facts."""
    engine = engine_of(studio)
    engine.info = replace(engine.info, identity=identity, name=name, **facts)
    studio.window.commands.models.use_model(shipped_model())
    studio.until(lambda: studio.session.loading is None)
    studio.settle()


def bring(studio: Studio, dialog: ModelsDialog, folder: Path) -> None:
    """Import a model folder, really, and wait for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QFileDialog, "getExistingDirectory", staticmethod(lambda *args: str(folder)))
        dialog.import_button.menu().actions()[0].trigger()
    studio.until(lambda: studio.window.model_manager.progress is None)
    assert studio.window.model_manager.problem == ""
    studio.settle()


@pytest.fixture
def shipped(bare_studio: Studio) -> Studio:
    """A window with the shipped model in use."""
    bare_studio.load_model(shipped_model())
    return bare_studio


def test_the_palette_opens_one_dialog(shipped: Studio) -> None:
    shipped.trigger("help.palette")
    palette = shipped.window.findChild(CommandPalette)
    assert palette is not None
    palette.search.setText("models")
    assert palette.list.topLevelItem(0).text(0).startswith("Run: Models")
    palette.close()
    dialog = show(shipped)
    assert show(shipped) is dialog
    assert [row.title for row in dialog.rows] == ["flowers-128-halves", "nvg-d16", "nvg-d20", "nvg-d24"]
    assert dialog.row.in_use and dialog.row.facts["Device"] == "CPU, float32"
    assert dialog.use.text() == "In use" and not dialog.use.isEnabled() and dialog.remove.isHidden()


def test_a_model_is_imported_used_and_removed(
    shipped: Studio, own_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = show(shipped)
    bring(shipped, dialog, shipped_model())
    assert dialog.row.folder == own_library / "flowers-128-halves"
    assert dialog.remove.isVisible()
    dialog.use.click()
    shipped.until(lambda: shipped.session.loading is None)
    shipped.settle()
    assert shipped.session.info is not None and shipped.session.info.folder == str(own_library / "flowers-128-halves")
    assert shipped.user_settings.preferences.model == str(own_library / "flowers-128-halves")
    assert dialog.row.in_use and dialog.remove.isHidden()
    dialog.list.setCurrentRow(0)
    dialog.use.click()
    shipped.until(lambda: shipped.session.loading is None)
    assert shipped.user_settings.preferences.model == ""
    dialog.list.setCurrentRow(1)
    for agreed in (False, True):
        monkeypatch.setattr("nvg_studio.ui.dialogs.models.ask_remove", lambda name, parent, agreed=agreed: agreed)
        dialog.remove.click()
        shipped.settle()
        assert (own_library / "flowers-128-halves").exists() != agreed
    assert [row.title for row in dialog.rows] == ["flowers-128-halves", "nvg-d16", "nvg-d20", "nvg-d24"]


def test_the_question_before_removal(shipped: Studio, qtbot: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from nvg_studio.ui.dialogs.simple import ask_remove

    def press(text: str) -> Callable[[QMessageBox], int]:
        def instead(box: QMessageBox) -> int:
            next(button for button in box.buttons() if text in button.text()).click()
            return 0

        return instead

    for text, agreed in (("Cancel", False), ("Delete", True)):
        monkeypatch.setattr(QMessageBox, "exec", press(text))
        assert ask_remove("flowers-64", shipped.window) is agreed


def test_a_download_asks_for_the_licence_shows_progress_and_stops(shipped: Studio, slow: SlowWork) -> None:
    dialog = show(shipped)
    choose(dialog, "nvg-d16")
    dialog.download.click()
    licence = dialog.findChild(LicenceDialog)
    assert licence is not None
    licence.decline.click()
    assert slow.asked == [] and not licence_accepted()
    QApplication.processEvents()
    dialog.download.click()
    next(one for one in dialog.findChildren(LicenceDialog) if one.isVisible()).agree.click()
    shipped.until(licence_accepted)
    shipped.until(lambda: dialog.bar.value() == 25)
    assert dialog.line.text() == "Downloading d16.ckpt: 0.0 MB of 0.0 MB"
    shipped.until(lambda: shipped.window.status.activity.text().startswith("Downloading d16.ckpt"))
    assert not dialog.download.isEnabled() and not dialog.import_button.isEnabled()
    dialog.cancel.click()
    shipped.until(lambda: shipped.window.model_manager.progress is None)
    assert dialog.work.isHidden() and shipped.window.model_manager.problem == ""
    dialog.download.click()
    assert shipped.window.model_manager.progress is not None  # accepted once and for all
    dialog.cancel.click()
    shipped.settle()
    assert slow.asked == [("d16", None)] * 2


def test_an_acceptance_that_cannot_be_written_is_said_and_nothing_is_downloaded(
    shipped: Studio, slow: SlowWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nvg_studio.hub.published.write_atomic", full)
    dialog = show(shipped)
    choose(dialog, "nvg-d16")
    dialog.download.click()
    dialog.findChild(LicenceDialog).agree.click()
    shipped.until(lambda: "No space left on device" in dialog.line.text())
    assert slow.asked == [] and not licence_accepted() and dialog.download.isEnabled()


def test_a_download_goes_on_while_one_edits(studio: Studio, slow: SlowWork, own_library: Path) -> None:
    studio.window.model_manager.download("d16")
    studio.stroke([(4, 4), (9, 9)])
    studio.trigger("run.again")
    studio.until(lambda: studio.session.run_queue.running is None and len(studio.session.document.titles) > 1)
    assert studio.window.model_manager.progress is not None
    slow.answer = own_library / "nvg-d16"
    studio.settle()
    assert studio.window.message.notice is not None
    assert studio.window.message.notice.text == "nvg-d16 is here now: choose it under Run, Models."


def test_a_failure_is_said_where_it_was_asked_for(shipped: Studio, slow: SlowWork) -> None:
    dialog = show(shipped)
    slow.answer = HubError("No connection to huggingface.co: fetch it by hand.")
    shipped.window.model_manager.download("d16")
    shipped.settle()
    assert dialog.line.text() == "No connection to huggingface.co: fetch it by hand."
    assert dialog.line.isVisible() and dialog.bar.isHidden() and dialog.cancel.isHidden()
    shipped.window.model_manager.download("d16")
    assert shipped.window.model_manager.problem == ""
    shipped.window.model_manager.stop()
    shipped.settle()


def test_checkpoints_are_taken_as_a_pair(shipped: Studio, slow: SlowWork, tmp_path: Path) -> None:
    dialog = show(shipped)
    answers: Iterator[str] = iter(
        [str(tmp_path / "d16.ckpt"), str(tmp_path / "other.ckpt"), str(tmp_path / "d16.ckpt")]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QFileDialog, "getOpenFileName", staticmethod(lambda *args: (next(answers), "")))
        for expected in ("other.ckpt", "ae.ckpt"):
            dialog.import_button.menu().actions()[1].trigger()
            (tmp_path / "ae.ckpt").touch()
            shipped.until(lambda: bool(slow.asked))
            assert slow.asked.pop() == (tmp_path / expected, tmp_path / "d16.ckpt", True, None)
            shipped.window.model_manager.stop()
            shipped.settle()


def test_the_document_keeps_its_pictures_when_the_model_is_another(studio: Studio) -> None:
    own, sequence = studio.session.info, studio.snapshot.sequence
    assert own is not None
    studio.until(lambda: all(card.picture.filled for card in studio.window.strip.cards))
    pictures = [studio.session.stage_pictures.picture(sequence, stage) for stage in range(9)]
    switch(studio, "flowers-64", identity_named("aa" * 32))
    assert studio.session.made_with_other_model and studio.snapshot.sequence == sequence
    kept = [studio.session.stage_pictures.picture(sequence, stage) for stage in range(9)]
    assert all(np.array_equal(a, b) for a, b in zip(pictures, kept, strict=True))
    assert all(card.picture.filled for card in studio.window.strip.cards)
    assert not studio.window.action_set["run.run"].isEnabled()
    assert studio.window.generate.status.text() == "Made with scripted: choose that model to run."
    assert studio.window.status.model.text() == "flowers-64 · CPU · float32  ·  picture made with scripted"
    assert studio.window.message.notice is not None
    assert "made with scripted" in studio.window.message.notice.text
    project = studio.session.to_project()
    assert project.model_name == "scripted"
    assert project.rendering is not None and project.rendering.model == own.identity.model
    switch(studio, "scripted", own.identity)
    assert not studio.session.made_with_other_model
    assert studio.window.action_set["run.run"].isEnabled()


def test_nothing_is_drawn_for_a_document_of_another_model(studio: Studio) -> None:
    switch(studio, "flowers-64", identity_named("aa" * 32))
    asked: list[object] = []
    decode = studio.engine.decode
    studio.engine.decode = lambda *args: (asked.append(args), decode(*args))[1]
    studio.choose(tool="brush", cluster=3)
    studio.stroke([(2, 2), (12, 12)])
    studio.settle()
    assert len(studio.session.document.titles) == 2  # painting goes on
    assert asked == []


def test_a_layout_without_content_belongs_to_no_model(shipped: Studio) -> None:
    shipped.session.generation.new_layout(0, bands=False)
    shipped.settle()
    switch(shipped, "another", identity_named("aa" * 32))
    assert not shipped.session.made_with_other_model
    assert shipped.session.model_compatible


def test_closing_the_window_stops_the_work(shipped: Studio, slow: SlowWork) -> None:
    shipped.window.model_manager.download("d16")
    shipped.until(lambda: bool(slow.asked))
    shipped.window.close_without_asking()
    shipped.until(lambda: slow.stopped)


def test_a_new_few_step_network_or_decoder_keeps_the_document(studio: Studio) -> None:
    own = studio.session.info
    assert own is not None
    studio.until(lambda: all(card.picture.filled for card in studio.window.strip.cards))
    better = Identity(own.identity.tokenizer, model_with(own.identity.tokenizer, "bb" * 32))
    asked: list[object] = []
    decode = studio.engine.decode
    studio.engine.decode = lambda *args: (asked.append(args), decode(*args))[1]
    switch(studio, "better", better)
    assert not studio.session.made_with_other_model and studio.window.action_set["run.run"].isEnabled()
    studio.until(lambda: all(card.picture.filled for card in studio.window.strip.cards))
    assert asked  # by the decoder that is loaded now
    project = studio.session.to_project()
    assert project.rendering is not None and project.rendering.model == better.model and project.model_name == "better"
    studio.choose(tool="brush", cluster=3)
    studio.stroke([(2, 2), (12, 12)])
    studio.trigger("run.again")
    studio.settle()
    assert studio.snapshot.request is not None and studio.snapshot.request.model == better.model


def test_a_project_of_before_is_the_loaded_models_and_saved_with_its_ids(studio: Studio, tmp_path: Path) -> None:
    own, fingerprint = studio.session.info, "0f" * 32
    assert own is not None
    old = full_project_of(studio, fingerprint)
    project_file.save(old, tmp_path / "old.nvgs")
    switch(studio, "flowers", replace(own.identity, fingerprint="1f" * 32, former=frozenset({fingerprint})))
    studio.window.project_files.open(tmp_path / "old.nvgs")
    studio.settle()
    assert studio.snapshot.title == old.document.snapshot.title
    assert studio.session.document is not None
    assert {step.tokenizer for step in studio.session.document.history.snapshots} == {own.identity.tokenizer}
    assert not studio.session.made_with_other_model and studio.window.action_set["run.run"].isEnabled()
    assert not studio.session.modified
    studio.trigger("file.save")
    studio.settle()
    assert {step.tokenizer for step in project_file.load(tmp_path / "old.nvgs").document.history.snapshots} == {
        own.identity.tokenizer
    }


def full_project_of(studio: Studio, fingerprint: str) -> Project:
    """The open document as a program wrote it that knew fingerprints alone."""
    project = studio.session.to_project()
    steps = tuple(
        replace(step, tokenizer=TokenizerId(fingerprint), title="Old") for step in project.document.history.snapshots
    )
    document = replace(project.document, history=replace(project.document.history, snapshots=steps))
    assert project.rendering is not None
    return replace(project, document=document, rendering=replace(project.rendering, model=ModelId(fingerprint)))


def test_the_class_follows_its_name_to_another_model(studio: Studio) -> None:
    runs, other = studio.session.run_queue, identity_named("aa" * 32)
    runs.set_settings(GenerationSettings(class_id=4, seed=7, structure_steps=9, top_p=(0.5, 0.5)))
    switch(studio, "other", other, class_names=("Tulips", "oak"))
    assert runs.options.settings == GenerationSettings(class_id=0, seed=7)
    assert studio.window.generate.class_box.currentText() == "Tulips"
    runs.set_settings(replace(runs.options.settings, class_id=1))
    switch(studio, "third", identity_named("ab" * 32), class_names=("rose",))
    assert runs.options.settings.class_id is None
    assert studio.window.generate.class_box.currentText() == "No class"
    studio.session.generation.generate()
    studio.settle()
    assert studio.snapshot.request is not None and studio.snapshot.request.settings[0].class_id is None


def test_the_same_model_loaded_again_keeps_all_settings(studio: Studio) -> None:
    runs, own = studio.session.run_queue, studio.session.info
    assert own is not None
    chosen = GenerationSettings(class_id=4, seed=7, structure_steps=9)
    runs.set_settings(chosen)
    switch(studio, "scripted", own.identity, device="cpu")
    assert runs.options.settings == chosen


def test_of_the_settings_of_another_model_the_seed_alone_is_taken(studio: Studio) -> None:
    studio.session.run_queue.set_settings(GenerationSettings(class_id=4, seed=7, structure_steps=9))
    studio.session.generation.generate()
    studio.settle()
    request = studio.snapshot.request
    assert request is not None
    studio.session.run_queue.set_settings(GenerationSettings(class_id=1, seed=1))
    studio.session.generation.use_settings(request)
    assert studio.session.run_queue.options.settings == GenerationSettings(class_id=4, seed=7, structure_steps=9)
    switch(studio, "other", identity_named("aa" * 32), class_names=("oak",))
    studio.session.generation.use_settings(request)
    assert studio.session.run_queue.options.settings == GenerationSettings(class_id=None, seed=7)
    assert studio.window.message.notice is not None and "another model" in studio.window.message.notice.text


def test_a_model_that_was_asked_for_before_another_one_does_not_end_the_waiting(studio: Studio) -> None:
    studio.session.load_model(shipped_model())
    first = next(reversed(studio.session.model_loader._requests))
    studio.session.load_model(shipped_model())
    latest = next(reversed(studio.session.model_loader._requests))
    assert first is not None and latest is not None and studio.session.info is not None
    studio.session._handle_event(ModelReady(first, studio.session.info))
    assert studio.session.loading is not None
    refused: list[object] = []
    studio.session.notified.connect(refused.append)
    studio.session._handle_event(Failed(latest, "Cannot load it.", ""))
    assert studio.session.loading is None and refused


def test_of_several_lists_the_latest_is_shown(shipped: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Callable[[object], None]] = []
    monkeypatch.setattr(shipped.session.background, "start", lambda work, done, failed, lane: started.append(done))
    shipped.window.model_manager.refresh()
    shipped.window.model_manager.refresh()
    started[1](("new",))
    started[0](("old",))
    assert shipped.window.model_manager.found == ("new",)
