"""Files made to do harm: each ends in one clear line, and nothing is written. docs/security.md lists them all."""

import base64
import io
import os
import pickle
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nvg_studio.errors import NVGError
from nvg_studio.imaging.label_maps import read_label_map
from nvg_studio.imaging.read import read_image
from nvg_studio.imaging.write import encode_png
from nvg_studio.project.export.picture import WORK, encode_picture
from nvg_studio.project.importing import open_work, project_in_picture
from nvg_studio.project.storage.project_file import Project, encode
from tests.project.damaged_files import full_project
from tests.project.documents import picture
from tests.project.scenes import named_project

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "security.md"
Entries = dict[str, bytes]


def project_with(change: Callable[[Entries], Any], project: Project | None = None) -> bytes:
    """A good project with some entries changed, packed again with right checksums."""
    with zipfile.ZipFile(io.BytesIO(encode(project or named_project()))) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_entry(name: str, content: bytes = b"x") -> bytes:
    return project_with(lambda entries: entries.update({name: content}))


def with_manifest(old: bytes, new: bytes, project: Project | None = None) -> bytes:
    def change(entries: Entries) -> None:
        assert old in entries["manifest.json"]
        entries["manifest.json"] = entries["manifest.json"].replace(old, new, 1)

    return project_with(change, project)


def with_link() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("manifest.json")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


class Attack:
    """Unpickling it makes a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path("harm-was-done").touch, ()


def pickled_array() -> bytes:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + pickle.dumps(Attack())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bits.npy", array)
    return buffer.getvalue()


def array_of_8_tib() -> bytes:
    header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (1048576, 1048576, 2), }"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bits.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(64))
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def huge_png(side: int = 100_000) -> bytes:
    """A PNG of a few bytes whose header claims ten gigapixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A PNG whose packed text unpacks to 1 GiB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(1024)) + packer.flush()
    data = encode_png(picture(0))
    return data[:33] + chunk(b"zTXt", WORK.encode() + b"\0\0" + packed) + data[33:]


def work_of_another_picture() -> bytes:
    project = named_project()
    data = encode(project, frozenset({project.document.snapshot.base}))
    return encode_png(picture(5), {WORK: base64.b64encode(data).decode()})


def label_bomb() -> bytes:
    """Seven label maps of 64 MiB each."""
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (8192, 8192), }"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(7):
            array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
            archive.writestr(f"map{number}.npy", array + bytes(8192 * 8192))
    return buffer.getvalue()


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "zip bomb: an entry of 200 MiB of zeros": (
        "x.nvgs", lambda: with_entry("reference.png", bytes(200 * 2**20)), "too large"),
    "zip bomb: an entry packed more than 1000 times": (
        "x.nvgs", lambda: with_entry("reference.png", bytes(20 * 2**20)), "times its size"),
    "5,000 entries": (
        "x.nvgs", lambda: project_with(lambda e: e.update({f"pictures/{i:064x}.png": b"" for i in range(5000)})),
        "entries, more than"),
    "an entry ../../evil": ("x.nvgs", lambda: with_entry("../../evil"), "no place"),
    "an entry with an absolute path": ("x.nvgs", lambda: with_entry("/tmp/evil"), "no place"),
    "an entry with a Windows path": ("x.nvgs", lambda: with_entry("C:\\evil"), "no place"),
    "an entry that is a symbolic link": ("x.nvgs", with_link, "is a link"),
    "a manifest with a wrong type": (
        "x.nvgs", lambda: with_manifest(b'"current": 2', b'"current": "2"'), "wrong at 'current'"),
    "a manifest with NaN": (
        "x.nvgs", lambda: with_manifest(b'"current": 2', b'"current": NaN'), "wrong at 'current'"),
    "a manifest with an unknown key": (
        "x.nvgs", lambda: with_manifest(b'"current"', b'"exec": "rm", "current"'), "wrong at 'exec'"),
    "a manifest nested 100,000 deep": (
        "x.nvgs", lambda: with_entry("manifest.json", b"[" * 100_000), "manifest is wrong"),
    "a manifest that names a sequence that is not there": (
        "x.nvgs", lambda: with_manifest(b'"sequence": 0', b'"sequence": 999'), "does not hold"),
    "a history with a pickled object that would make a file": (
        "x.nvgs", lambda: with_entry("history.npz", pickled_array()), "unknown type"),
    "a history with an array that claims 8 TiB": (
        "x.nvgs", lambda: with_entry("history.npz", array_of_8_tib()), "another size"),
    "a base picture that claims 100,000 x 100,000 pixels": (
        "x.nvgs", lambda: project_with(lambda e: e.update({n: huge_png() for n in e if n.startswith("pict")})),
        "damaged or too large"),
    "a project cut in half": ("x.nvgs", lambda: cut(encode(named_project()), 0.5), "not a project file"),
    "an empty file": ("x.nvgs", lambda: b"", "not a project file"),
    "a photo that claims 100,000 x 100,000 pixels": ("x.png", huge_png, "too large"),
    "a photo cut in half": ("x.png", lambda: cut(encode_png(picture(0)), 0.5), "damaged or incomplete"),
    "a PNG with the work of another picture": ("x.png", work_of_another_picture, "pictures are not the ones"),
    "a result that waits on a step that is not there": (
        "x.nvgs", lambda: with_manifest(b'"started": 3', b'"started": 99', full_project()),
        "of a step that does not exist"),
    "label maps that unpack to 448 MiB": ("x.npz", label_bomb, "unpack to more than"),
    "a label map with a pickled object that would make a file": ("x.npz", pickled_array, "no label map"),
    "a PNG with its work cut off": (
        "x.png", lambda: encode_png(picture(0), {WORK: "UEsDBBQ="}), "not a project file"),
}  # fmt: skip

LARGE = {"a PNG whose text unpacks to 1 GiB", "label maps that unpack to 448 MiB"}
"""Those that take seconds to make."""


def opened(path: Path) -> object:
    """As the program opens files of these endings."""
    if path.suffix == ".npz":
        return read_label_map(path)
    if path.suffix == ".png":
        return project_in_picture(path) or read_image(path)
    return open_work(path)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGE)) for name in HOSTILE])
def test_one_line_and_nothing_written(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    title, make, words = HOSTILE[name]
    (tmp_path / title).write_bytes(make())
    with pytest.raises(NVGError, match=re.escape(words)) as error:
        opened(tmp_path / title)
    message = str(error.value)
    assert "\n" not in message and len(message) < 600 and message.endswith(".")
    assert os.listdir(tmp_path) == [title]


@pytest.mark.parametrize("share", np.linspace(0, 0.999, 25))
def test_truncated_anywhere(share: float, tmp_path: Path) -> None:
    project = named_project()
    for title, data in (("a.nvgs", encode(project)), ("a.png", encode_picture(project, project.document.base))):
        (tmp_path / title).write_bytes(cut(data, share))
        try:
            # A PNG without its last mark, which holds nothing, is read all the same.
            found = opened(tmp_path / title)
            assert share > 0.99 and isinstance(found, Project)
            assert found.document.snapshot == project.document.snapshot
        except NVGError as error:
            assert "\n" not in str(error)


def test_the_document_lists_every_case_and_its_line() -> None:
    rows = dict(re.findall(r"^\| (.*?) \| (.*?) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    for name, (_, _, words) in HOSTILE.items():
        assert words in rows.get(name, ""), name
