"""Project files: what was saved comes back, and nothing else is believed."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvg_studio.errors import ProjectError
from nvg_studio.imaging.write import encode_png
from nvg_studio.project import archive, storage
from nvg_studio.project.document import Document, accept_result, open_photo, with_locks, with_name
from nvg_studio.project.storage import load, save
from tests.project.making import documents, held_region, obeying, picture, request, sequence

Entries = dict[str, bytes]


def full_document() -> Document:
    """A document with everything that a file can hold."""
    photo = open_photo(sequence(0), picture(0), "Open", "m")
    document = with_name(with_locks(photo, held_region(3), "Lock"), 2, 1, "ö")
    locks = document.snapshot.locks
    return accept_result(document, request(sequence(0), 2, locks), obeying(sequence(0), locks, 7), picture(7))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "work.nvgs"
    save(full_document(), path)
    return path


def entries_of(path: Path) -> Entries:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def refused(path: Path) -> str:
    with pytest.raises(ProjectError) as error:
        load(path)
    message = str(error.value)
    assert "\n" not in message and message.startswith("Cannot open") and message.endswith(".")
    return message


@given(documents())
def test_round_trip(document: Document) -> None:
    path = Path(os.environ["HOME"]) / "round-trip.nvgs"
    save(document, path)
    loaded = load(path)
    assert loaded.snapshot == document.snapshot
    np.testing.assert_array_equal(loaded.base, document.base)
    assert not loaded.base.flags.writeable
    assert loaded.titles == (document.snapshot.title,)


def test_same_document_same_bytes(saved: Path) -> None:
    first = saved.read_bytes()
    save(load(saved), saved)
    assert saved.read_bytes() == first


def test_other_programs_can_read_it(saved: Path) -> None:
    entries, snapshot = entries_of(saved), full_document().snapshot
    manifest = json.loads(entries["manifest.json"])
    assert type(manifest["schema_version"]) is int and manifest["schema_version"] == 1
    with np.load(io.BytesIO(entries["sequence.npz"]), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["bits"], snapshot.sequence.bits)
        np.testing.assert_array_equal(arrays["token_map"], snapshot.sequence.token_map)
        np.testing.assert_array_equal(arrays["locks"], [snapshot.locks.structure, snapshot.locks.content])
    assert set(entries) == {"manifest.json", "sequence.npz", f"pictures/{manifest['base']}.png"}


def test_saving_is_atomic(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ProjectError, match="no space left on device"):
        save(open_photo(sequence(5), picture(5), "Open"), saved)
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
    save(full_document(), path)
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    path.write_bytes(bytes(data))
    try:
        assert load(path).snapshot == full_document().snapshot
    except ProjectError as error:
        assert "\n" not in str(error)


def rewritten(path: Path, change: Callable[[Entries], None]) -> Path:
    entries = entries_of(path)
    change(entries)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


def with_manifest(path: Path, **values: Any) -> Path:
    def change(entries: Entries) -> None:
        entries["manifest.json"] = json.dumps(json.loads(entries["manifest.json"]) | values).encode()

    return rewritten(path, change)


def test_rewriting_alone_does_no_harm(saved: Path) -> None:
    assert load(with_arrays(with_manifest(saved))).snapshot == full_document().snapshot


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "pictures/../x.png", "pictures/x.png", "C:\\x", "x.txt"])
def test_entries_that_have_no_place(name: str, saved: Path) -> None:
    assert "no place" in refused(rewritten(saved, lambda entries: entries.update({name: b"x"})))


@pytest.mark.parametrize("name", ["manifest.json", "sequence.npz", "picture"])
def test_missing_entries(name: str, saved: Path) -> None:
    def change(entries: Entries) -> None:
        for key in [key for key in entries if key.startswith(name)]:
            del entries[key]

    refused(rewritten(saved, change))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"schema_version": 2}, "newer NVG Studio"),
        ({"schema_version": "1"}, "no schema version"),
        ({"schema_version": True}, "no schema version"),
        ({"schema_version": 1.0}, "no schema version"),
        ({"surprise": 1}, "does not hold exactly"),
        ({"title": 5}, "title"),
        ({"title": "x" * 2000}, "title"),
        ({"base": "../../secret"}, "pictures"),
        ({"base": None}, "base"),
        ({"names": [{"stage": 9, "cluster": 0, "name": "x"}]}, "does not exist"),
        ({"names": [{"stage": 1, "cluster": 2, "name": "x"}]}, "does not exist"),
        ({"names": [{"stage": 1, "cluster": True, "name": "x"}]}, "does not exist"),
        ({"names": [{"stage": 1, "cluster": 0, "name": "x"}] * 2}, "out of order"),
        ({"request": {}}, "does not hold exactly"),
        ({"request": None}, "no place"),
    ],
)
def test_manifest_is_checked(values: dict[str, Any], words: str, saved: Path) -> None:
    assert words in refused(with_manifest(saved, **values))


@pytest.mark.parametrize(
    ("key", "value"),
    [("stage", 99), ("stage", "2"), ("settings", []), ("settings", [{"seed": -1}]), ("settings", [{"exec": "rm"}]),
     ("settings", {"seed": 1}), ("locked", 1), ("locked", False), ("model", 7)],
)  # fmt: skip
def test_request_is_checked(key: str, value: object, saved: Path) -> None:
    manifest = json.loads(entries_of(saved)["manifest.json"])
    refused(with_manifest(saved, request=manifest["request"] | {key: value}))


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"schema_version": 1}'])
def test_broken_manifests(content: bytes, saved: Path) -> None:
    refused(rewritten(saved, lambda entries: entries.update({"manifest.json": content})))


def with_arrays(path: Path, **changes: Any) -> Path:
    def change(entries: Entries) -> None:
        arrays = archive.read_arrays(entries["sequence.npz"], 2**20) | changes
        kept = {name: array for name, array in arrays.items() if array is not None}
        buffer = io.BytesIO()
        np.savez(buffer, **kept)
        entries["sequence.npz"] = buffer.getvalue()

    return rewritten(path, change)


@pytest.mark.parametrize(
    "changes",
    [
        {"bits": None},
        {"result_token_map": None},
        {"locks": None},
        {"request_bits": None},
        {"extra": np.zeros(3, np.uint8)},
        {"bits": np.full((16, 4), 2, np.uint8)},
        {"bits": np.zeros((16, 4), np.float32)},
        {"bits": np.zeros((16, 5), np.uint8)},
        {"bits": np.zeros((64, 6), np.uint8)},
        {"token_map": np.full((5, 16), -1, np.int32)},
        {"token_map": np.zeros((5, 16), np.int64)},
        {"locks": np.full((2, 16), 99, np.int16)},
        {"locks": np.zeros((3, 16), np.int16)},
        {"locks": np.zeros(32, np.int16)},
        {"bits": np.array([{"a": 1}], dtype=object)},
        {"bits": np.asfortranarray(np.zeros((16, 4), np.uint8))},
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


def test_two_entries_of_one_name(saved: Path) -> None:
    with zipfile.ZipFile(saved, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("manifest.json", b"{}")
    assert "same name" in refused(saved)


def test_bombs_are_refused_before_they_are_unpacked(saved: Path) -> None:
    large = rewritten(saved, lambda entries: entries.update({"manifest.json": b" " * (2**20 + 1)}))
    assert "too large" in refused(large)
    many = rewritten(saved, lambda entries: entries.update({f"pictures/{i:064x}.png": b"" for i in range(100)}))
    assert "entries" in refused(many)


def test_entries_have_a_limit_together(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total = sum(map(len, entries_of(saved).values()))
    monkeypatch.setattr(archive, "MAX_TOTAL", total)
    load(saved)
    monkeypatch.setattr(archive, "MAX_TOTAL", total - 1)
    assert "unpack to more" in refused(saved)


def test_rare_compression_is_refused(saved: Path) -> None:
    entries = entries_of(saved)
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_LZMA) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    assert "unknown way" in refused(saved)


def test_headers_that_lie_about_sizes(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    # The size that the central directory gives for the first entry: much smaller than what is there.
    central = data.index(b"PK\x01\x02")
    data[central + 24 : central + 28] = (5).to_bytes(4, "little")
    saved.write_bytes(bytes(data))
    refused(saved)


def test_arrays_that_claim_terabytes(saved: Path) -> None:
    def change(entries: Entries) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1048576, 1048576), }"
            file.writestr("bits.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 64)
        entries["sequence.npz"] = buffer.getvalue()

    assert "another size" in refused(rewritten(saved, change))


def test_too_large_a_file_is_not_read(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "MAX_FILE", 100)
    assert "larger than" in refused(saved)


def test_encrypted_entries(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    saved.write_bytes(bytes(data))
    refused(saved)
