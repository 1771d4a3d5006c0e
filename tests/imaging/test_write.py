"""Saving: whole or not at all."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nvg_studio.errors import PictureError
from nvg_studio.imaging import write
from nvg_studio.imaging.read import read_image
from nvg_studio.imaging.write import encode_png, write_atomic, write_png

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 20, 3)).astype(np.uint8)


def test_png_comes_back_with_its_texts(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    write_png(path, PICTURE, {"Software": "NVG Studio", "Title": "Fläche ☀"})
    np.testing.assert_array_equal(read_image(path), PICTURE)
    with Image.open(path) as image:
        assert image.info["Software"] == "NVG Studio" and image.info["Title"] == "Fläche ☀"


def test_same_input_same_bytes() -> None:
    assert encode_png(PICTURE, {"a": "b"}) == encode_png(PICTURE.copy(), {"a": "b"})


@pytest.mark.parametrize("array", [np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000, PICTURE[..., 0]])
def test_label_maps_keep_their_numbers(array: np.ndarray, tmp_path: Path) -> None:
    write_png(tmp_path / "labels.png", array)
    with Image.open(tmp_path / "labels.png") as image:
        np.testing.assert_array_equal(np.array(image), array)


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PictureError, match="no space left") as error:
        write_png(path, PICTURE)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.png"]


def test_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no such file or directory"):
        write_png(tmp_path / "nowhere" / "out.png", PICTURE)


@pytest.mark.skipif(os.name == "nt", reason="permissions and links are POSIX")
def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    write_atomic(target, b"one")
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask
    target.chmod(0o640)
    link.symlink_to(target)
    write_atomic(link, b"two")
    assert link.is_symlink() and target.read_bytes() == b"two"
    assert target.stat().st_mode & 0o777 == 0o640


def test_what_killed_programs_left_beside_a_file_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = [".work.nvgs.0123abcd.partial", ".work.nvgs.ffffffff.partial"]
    others = [".other.nvgs.0123abcd.partial", ".work.nvgs.0123abc.partial", ".work.nvgs.0123abcd.partial.bak"]
    others += ["work.nvgs.0123abcd.partial", ".workxnvgs.0123abcd.partial"]
    for name in (*stale, *others):
        (tmp_path / name).write_bytes(b"half")
    write_atomic(tmp_path / "work.nvgs", b"one")
    assert set(os.listdir(tmp_path)) == {"work.nvgs", *stale, *others}  # somebody may be writing them now
    monkeypatch.setattr(write, "PROGRAM_BEGAN", time.time() + 60)
    (tmp_path / ".work.nvgs.00000000.partial").mkdir()
    write_atomic(tmp_path / "work.nvgs", b"two", backup=True)
    assert set(os.listdir(tmp_path)) == {"work.nvgs", "work.nvgs~", ".work.nvgs.00000000.partial", *others}
