"""Project files that claim too much, or are no plain archives: refused before memory is taken."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from nvg_studio.project.storage import archive, project_file
from nvg_studio.project.storage.project_file import load
from nvg_studio.project.thumbnails import SIDE
from tests.project.damaged_files import Entries, entries_of, refused, rewritten


def test_two_entries_of_one_name(saved: Path) -> None:
    with zipfile.ZipFile(saved, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("manifest.json", b"{}")
    assert "same name" in refused(saved)


def test_bombs_are_refused_before_they_are_unpacked(saved: Path) -> None:
    large = rewritten(saved, lambda entries: entries.update({"manifest.json": b" " * (2**24 + 1)}))
    assert "too large" in refused(large)
    many = rewritten(saved, lambda entries: entries.update({f"pictures/{i:064x}.png": b"" for i in range(4100)}))
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
        entries["history.npz"] = buffer.getvalue()

    assert "another size" in refused(rewritten(saved, change))


def test_too_large_a_file_is_not_read(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_file, "MAX_FILE", 100)
    assert "larger than" in refused(saved)


def test_encrypted_entries(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    saved.write_bytes(bytes(data))
    refused(saved)


def test_links_are_refused(saved: Path) -> None:
    entries = entries_of(saved)
    with zipfile.ZipFile(saved, "w") as file:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name == "thumbnail.png" else 0o100644) << 16
            file.writestr(info, content)
    assert "is a link" in refused(saved)


def test_suspicious_packing_is_refused(saved: Path) -> None:
    bomb = rewritten(saved, lambda entries: entries.update({"reference.png": b"\0" * 2**23}))
    assert "times its size" in refused(bomb)


def test_pictures_have_a_limit_together(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = 2 * 24 * 24 + (2 + 5) * 16 * 16 + 20 * 30 + 4 * SIDE * SIDE
    monkeypatch.setattr(project_file, "MAX_PIXELS", pixels)
    load(saved)
    monkeypatch.setattr(project_file, "MAX_PIXELS", pixels - 1)
    assert "megapixels together" in refused(saved)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are POSIX")
def test_a_pipe_does_not_hold_the_program(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nvgs")
    assert "not a file" in refused(tmp_path / "pipe.nvgs")
