"""Pictures as PNG files."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nvg_studio.errors import PictureError
from nvg_studio.imaging.read import read_image
from nvg_studio.imaging.write import encode_png, write_png

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
