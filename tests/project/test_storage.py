"""Project files: what was saved comes back, and nothing else is believed."""

import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvg_studio.atomic import backup_of
from nvg_studio.errors import ProjectError
from nvg_studio.granularity.locks import Locks
from nvg_studio.imaging.crop import resize
from nvg_studio.imaging.write import encode_png
from nvg_studio.project.document import Document, accept_result, apply_edit, open_photo, with_name
from nvg_studio.project.project_lock import ProjectLock
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.results import step_of
from nvg_studio.project.storage import archive, packing
from nvg_studio.project.storage.project_file import Project, load, save
from nvg_studio.project.thumbnails import SIDE, step_picture
from nvg_studio.sampling.settings import GenerationSettings
from tests.project.damaged_files import (
    Entries,
    check_round_trips,
    entries_of,
    full_document,
    full_project,
    refused,
    rewritten,
)
from tests.project.documents import (
    DEPTH,
    MODEL,
    documents,
    obeying,
    picture,
    request,
    sequence,
    waiting_of,
    with_waiting,
)

NONE = Locks.none(1 << DEPTH, DEPTH)


@given(documents())
def test_round_trip(document: Document) -> None:
    check_round_trips(document, Path(os.environ["HOME"]))


def test_everything_around_the_document_comes_back(saved: Path) -> None:
    loaded, wanted = load(saved), full_project()
    assert loaded.document.history == wanted.document.history and loaded.model_name == "tiny"
    assert waiting_of(loaded.document) == waiting_of(wanted.document) and len(loaded.document.pending_results) == 2
    assert loaded.complete_rendering is not None and loaded.reference is not None
    for found, stage in zip(loaded.complete_rendering.stages, range(DEPTH + 1), strict=True):
        np.testing.assert_array_equal(found, picture(stage, 16))
    np.testing.assert_array_equal(loaded.reference, picture(5, 30)[:20])


def test_stage_pictures_of_another_step_or_model_are_not_saved(saved: Path) -> None:
    project = full_project()
    for other in (replace(project, document=project.document.undo()), replace(project, document=changed(project))):
        assert other.current_rendering is None
        save(other, saved)
        assert load(saved).rendering is None


def test_stage_pictures_that_are_known_are_kept(saved: Path) -> None:
    project = full_project()
    known = {stage: picture(stage, 16) for stage in (0, 3)}
    save(replace(project, rendering=Rendering.known(MODEL, project.document.sequence, known)), saved)
    loaded = load(saved)
    assert loaded.current_rendering is not None and loaded.complete_rendering is None
    assert set(loaded.current_rendering.pictures) == {0, 3}
    np.testing.assert_array_equal(loaded.current_rendering.pictures[3], known[3])


def test_every_step_has_its_thumbnail(saved: Path) -> None:
    project = load(saved)
    document, wanted = project.document, full_document()
    assert len(project.thumbnails) == len(wanted.history.snapshots) == 4
    for found, step in zip(project.thumbnails, document.history.snapshots, strict=True):
        np.testing.assert_array_equal(found, step_picture(step, resize(document.pictures[step.base], SIDE)))
    assert not np.array_equal(project.thumbnails[0], project.thumbnails[3])


def test_a_result_whose_step_is_gone_keeps_it(saved: Path) -> None:
    document = with_waiting(apply_edit(full_document(), obeying(sequence(1), NONE, 1), "Paint"), 2)
    document = apply_edit(document.undo(), obeying(sequence(2), NONE, 2), "Paint otherwise")
    assert step_of(document, document.pending_results[0]) is None
    save(Project(document), saved)
    loaded = load(saved).document
    assert waiting_of(loaded) == waiting_of(document) and loaded.pending_results[0].started_from is not None


def changed(project: Project) -> Document:
    return apply_edit(project.document, project.document.sequence.replace(token_map=sequence(3).token_map), "Colour")


def test_equal_sequences_are_stored_once(saved: Path) -> None:
    entries = entries_of(saved)
    steps = json.loads(entries["manifest.json"])["steps"]
    arrays = archive.read_arrays(entries["history.npz"], 2**20)
    assert len(steps) == 4 and len(arrays["bits"]) == 4 and len(arrays["locks"]) == 2  # two of them wait


def test_what_one_file_cannot_hold_is_left_out_from_the_start(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = full_document()
    for seed in range(20, 26):
        run = request(document.sequence, 0, document.snapshot.locks)
        document = accept_result(document, run, obeying(document.sequence, run.locks or NONE, seed), picture(seed))
    document = document.undo().undo()
    steps = document.history.snapshots
    monkeypatch.setattr(packing, "MAX_PICTURES", 3 * picture(0).nbytes)
    save(Project(document), saved)
    loaded = load(saved).document
    assert loaded.history.snapshots == steps[document.index - 2 : document.index + 1]
    assert loaded.snapshot == document.snapshot
    monkeypatch.setattr(packing, "MAX_PICTURES", 0)
    save(Project(document), saved)
    assert load(saved).document.history.snapshots == (document.snapshot,)


def test_the_version_before_stays_as_a_backup(saved: Path) -> None:
    before = saved.read_bytes()
    save(Project(full_document().undo()), saved)
    assert backup_of(saved).read_bytes() == before != saved.read_bytes()
    assert sorted(os.listdir(saved.parent)) == ["work.nvgs", "work.nvgs~"]
    save(full_project(), saved, backup=False)
    assert backup_of(saved).read_bytes() == before


def test_the_longest_names_can_be_held_and_saved_twice(tmp_path: Path) -> None:
    path = tmp_path / ("花" * 83 + ".nvgs")  # 254 bytes of 255
    hold = ProjectLock(path)
    save(full_project(), path)
    save(full_project(), path)
    assert load(path).document.history == full_project().document.history
    with pytest.raises(ProjectError, match="is open in another window"):
        ProjectLock(path)
    hold.release()


@pytest.mark.parametrize("name", ["a" * 300, "a\0b.nvgs", "folder"])
def test_names_that_cannot_be_written_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ProjectError, match="^Cannot save [^\n]*; choose [^\n]*name[^\n]*[.]$"):
        save(full_project(), tmp_path / name)


def test_settings_of_the_next_runs_come_back(saved: Path) -> None:
    many = GenerationSettings(3, 2**62, top_p=(0.5, 1.0), greedy=True, temperature=0.1)
    for settings in (GenerationSettings(), many):
        save(replace(full_project(), settings=settings), saved)
        assert load(saved).settings == settings


def with_settings(saved: Path, **settings: object) -> Path:
    """The file with this in its manifest; with nothing, as older programs wrote it."""

    def change(entries: Entries) -> None:
        manifest = json.loads(entries["manifest.json"])
        del manifest["settings"]
        entries["manifest.json"] = json.dumps(manifest | settings).encode()

    return rewritten(saved, change)


def test_files_from_before_settings_were_kept_are_opened(saved: Path) -> None:
    assert load(with_settings(saved)).settings is None


@pytest.mark.parametrize("settings", [{"seed": -1}, {"class_id": "rose"}, {"volume": 11}, {"top_p": [2, 3]}, []])
def test_settings_that_make_no_sense_are_refused(saved: Path, settings: object) -> None:
    with pytest.raises(ProjectError, match="^Cannot open [^\n]*$"):
        load(with_settings(saved, settings=settings))


def test_odd_texts_can_be_saved(saved: Path) -> None:
    document = with_name(open_photo(sequence(0), picture(0), "photo\udcff.jpg"), 1, 0, "n" * 5000)
    save(Project(document, "m" * 5000), saved)
    first, snapshot = load(saved).document.history.snapshots
    assert first.title == "photo?.jpg" and snapshot.names == ((1, 0, "n" * 1000),)


def test_same_document_same_bytes(saved: Path) -> None:
    first = saved.read_bytes()
    save(load(saved), saved)
    assert saved.read_bytes() == first


def test_other_programs_can_read_it(saved: Path) -> None:
    entries, snapshot = entries_of(saved), full_document().snapshot
    manifest = json.loads(entries["manifest.json"])
    step = manifest["steps"][manifest["current"]]
    assert type(manifest["schema_version"]) is int and manifest["schema_version"] == 3
    with np.load(io.BytesIO(entries["history.npz"]), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["bits"][step["sequence"]], snapshot.sequence.bits)
        np.testing.assert_array_equal(arrays["token_map"][step["sequence"]], snapshot.sequence.token_map)
        np.testing.assert_array_equal(
            arrays["locks"][step["locks"]], [snapshot.locks.structure, snapshot.locks.content]
        )
    keys = {step["base"] for step in manifest["steps"]} | {made["picture"] for made in manifest["made"]}
    pictures = {f"pictures/{key}.png" for key in keys} | {f"stages/{i}.png" for i in range(5)}
    others = {"manifest.json", "history.npz", "reference.png", "thumbnails.png", "thumbnail.png"}
    assert set(entries) == others | pictures


def test_saving_is_atomic(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ProjectError, match="no space left on device"):
        save(Project(open_photo(sequence(5), picture(5), "Open")), saved)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == ["work.nvgs"]


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.nvgs")
    assert "directory" in refused(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + b"\0" * 18, encode_png(picture(0))])
def test_not_a_project(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.nvgs"
    path.write_bytes(content)
    assert "not a project file" in refused(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated(share: float, saved: Path) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: int(len(data) * share)])
    refused(saved)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_bytes_are_noticed_or_harmless(changes: list[tuple[float, int]]) -> None:
    path = Path(os.environ["HOME"]) / "damaged.nvgs"
    save(full_project(), path)
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    path.write_bytes(bytes(data))
    try:
        assert load(path).document.history == full_document().history
    except ProjectError as error:
        assert "\n" not in str(error)


def with_manifest(path: Path, **values: Any) -> Path:
    def change(entries: Entries) -> None:
        entries["manifest.json"] = json.dumps(json.loads(entries["manifest.json"]) | values).encode()

    return rewritten(path, change)


def with_step(path: Path, **values: Any) -> Path:
    """The last step with other values."""
    *steps, last = json.loads(entries_of(path)["manifest.json"])["steps"]
    return with_manifest(path, steps=[*steps, last | values])


def test_rewriting_alone_does_no_harm(saved: Path) -> None:
    assert load(with_arrays(with_manifest(saved))).document.history == full_document().history


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "pictures/../x.png", "pictures/x.png", "C:\\x", "x.txt"])
def test_entries_that_have_no_place(name: str, saved: Path) -> None:
    assert "no place" in refused(rewritten(saved, lambda entries: entries.update({name: b"x"})))


@pytest.mark.parametrize("name", ["manifest.json", "history.npz", "picture", "stages/3", "reference"])
def test_missing_entries(name: str, saved: Path) -> None:
    def change(entries: Entries) -> None:
        for key in [key for key in entries if key.startswith(name)]:
            del entries[key]

    refused(rewritten(saved, change))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"schema_version": 4}, "newer NVG Studio"),
        ({"schema_version": 2}, "manifest is wrong"),
        ({"schema_version": 1}, "manifest is wrong"),
        ({"schema_version": 0}, "'schema_version'"),
        ({"schema_version": "2"}, "'schema_version'"),
        ({"schema_version": True}, "'schema_version'"),
        ({"schema_version": 2.0}, "'schema_version'"),
        ({"surprise": 1}, "'surprise'"),
        ({"model_name": 5}, "'model_name'"),
        ({"current": 4}, "current step"),
        ({"current": -1}, "'current'"),
        ({"current": float("nan")}, "'current'"),
        ({"steps": []}, "'steps'"),
        ({"steps": {}}, "'steps'"),
        ({"reference": False}, "pictures"),
        ({"rendering": None}, "pictures"),
        ({"rendering": {"model": "", "stages": [0, 1, 2, 3]}}, "pictures"),
        ({"rendering": {"model": "", "stages": [0, 1, 2, 3, 4, 5]}}, "pictures"),
        ({"rendering": {"model": "", "stages": [10**30]}}, "'rendering.stages.0'"),
        ({"rendering": {"model": "", "stages": []}}, "'rendering.stages'"),
        ({"thumbnails": False}, "pictures"),
        ({"made": []}, "pictures"),
        ({"made": {}}, "'made'"),
    ],
)
def test_manifest_is_checked(values: dict[str, Any], words: str, saved: Path) -> None:
    assert words in refused(with_manifest(saved, **values))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"title": 5}, "title"),
        ({"title": "x" * 2000}, "title"),
        ({"base": "../../secret"}, "base"),
        ({"base": "0" * 64}, "pictures"),
        ({"base": None}, "base"),
        ({"sequence": 4}, "does not hold"),
        ({"locks": True}, "locks"),
        ({"request": {}}, "request"),
        ({"names": [{"stage": 9, "cluster": 0, "name": "x"}]}, "does not exist"),
        ({"names": [{"stage": 1, "cluster": 2, "name": "x"}]}, "does not exist"),
        ({"names": [{"stage": 1, "cluster": True, "name": "x"}]}, "cluster"),
        ({"names": [{"stage": 1, "cluster": 0, "name": "x"}] * 2}, "out of order"),
    ],
)
def test_steps_are_checked(values: dict[str, Any], words: str, saved: Path) -> None:
    assert words in refused(with_step(saved, **values))


@pytest.mark.parametrize(
    ("key", "value"),
    [("stage", 99), ("stage", "2"), ("stage", 5), ("settings", []), ("settings", [{"seed": -1}]),
     ("settings", [{"exec": "rm"}]), ("settings", [{"temperature": float("nan")}]), ("settings", {"seed": 1}),
     ("locks", 7), ("sequence", 9), ("model", 7)],
)  # fmt: skip
def test_request_is_checked(key: str, value: object, saved: Path) -> None:
    steps = json.loads(entries_of(saved)["manifest.json"])["steps"]
    refused(with_step(saved, request=steps[-1]["request"] | {key: value}))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"started": 4}, "of a step that does not exist"),
        ({"started": -1}, "started"),
        ({"started": True}, "started"),
        ({"started": {}}, "started"),
        ({"picture": "0" * 64}, "pictures"),
        ({"picture": "../../x"}, "picture"),
        ({"sequence": 99}, "does not hold"),
        ({"starred": 1}, "starred"),
        ({"request": None}, "request"),
    ],
)
def test_waiting_results_are_checked(values: dict[str, Any], words: str, saved: Path) -> None:
    *made, last = json.loads(entries_of(saved)["manifest.json"])["made"]
    assert words in refused(with_manifest(saved, made=[*made, last | values]))


def test_thumbnails_of_another_size_are_refused(saved: Path) -> None:
    sheet = encode_png(np.zeros((3 * SIDE, SIDE, 3), np.uint8))
    assert "thumbnails" in refused(rewritten(saved, lambda entries: entries.update({"thumbnails.png": sheet})))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"schema_version": 2}'])
def test_broken_manifests(content: bytes, saved: Path) -> None:
    refused(rewritten(saved, lambda entries: entries.update({"manifest.json": content})))


def with_arrays(path: Path, **changes: Any) -> Path:
    def change(entries: Entries) -> None:
        arrays = archive.read_arrays(entries["history.npz"], 2**20) | changes
        kept = {name: array for name, array in arrays.items() if array is not None}
        buffer = io.BytesIO()
        np.savez(buffer, **kept)
        entries["history.npz"] = buffer.getvalue()

    return rewritten(path, change)


@pytest.mark.parametrize(
    "changes",
    [
        {"bits": None},
        {"token_map": None},
        {"locks": None},
        {"extra": np.zeros(3, np.uint8)},
        {"bits": np.full((4, 16, 4), 2, np.uint8)},
        {"bits": np.zeros((4, 16, 4), np.float32)},
        {"bits": np.zeros((4, 16, 5), np.uint8)},
        {"bits": np.zeros((4, 64, 6), np.uint8)},
        {"bits": np.zeros((3, 16, 4), np.uint8)},
        {"bits": np.zeros(4, np.uint8)},
        {"token_map": np.full((4, 5, 16), -1, np.int32)},
        {"token_map": np.zeros((4, 5, 16), np.int64)},
        {"locks": np.full((2, 2, 16), 99, np.int16)},
        {"locks": np.zeros((2, 3, 16), np.int16)},
        {"locks": np.zeros(32, np.int16)},
        {"locks": np.zeros((2, 2, 4), np.int16)},
        {"bits": np.array([{"a": 1}], dtype=object)},
        {"bits": np.asfortranarray(np.zeros((4, 16, 4), np.uint8))},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_arrays_are_checked(changes: dict[str, Any], saved: Path) -> None:
    refused(with_arrays(saved, **changes))


def test_exchanged_picture_is_noticed(saved: Path) -> None:
    def change(entries: Entries) -> None:
        key = next(key for key in entries if key.startswith("pictures/"))
        entries[key] = encode_png(picture(123))

    assert "base picture" in refused(rewritten(saved, change))
