"""Label maps from files: as they were saved, or refused in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nvg_studio.errors import PictureError
from nvg_studio.imaging import label_maps
from nvg_studio.imaging.label_maps import read_label_map
from tests.imaging.test_regions import agreement, quarters


def test_maps_from_files_come_back_as_they_were_saved(tmp_path: Path) -> None:
    truth = quarters()[1]
    grey, colour, npz, npy = (tmp_path / f"map.{end}" for end in ("grey.png", "colour.png", "npz", "npy"))
    Image.fromarray((truth * 60).astype(np.uint8)).save(grey)
    Image.fromarray(np.array([[9, 9, 9], [0, 0, 1], [255, 0, 0], [8, 8, 8]], np.uint8)[truth]).save(colour)
    np.savez_compressed(npz, labels=truth.astype(np.int32), note=np.zeros(3))
    np.save(npy, np.asfortranarray(truth == 2))
    for path in (grey, npz):
        assert np.array_equal(read_label_map(path).labels, truth)
    assert agreement(read_label_map(colour).labels, truth) == 1
    assert np.array_equal(read_label_map(npy).labels, truth == 2)


def test_sixteen_bit_and_palette_maps_keep_their_labels(tmp_path: Path) -> None:
    truth = quarters()[1]
    Image.fromarray((truth * 9000).astype(np.uint16)).save(tmp_path / "wide.png")
    palette = Image.fromarray(truth.astype(np.uint8))
    palette.putpalette([5, 5, 5] * 256)  # four labels of one colour
    palette.save(tmp_path / "palette.png")
    for name in ("wide.png", "palette.png"):
        assert np.array_equal(read_label_map(tmp_path / name).labels, truth)


def bad_files(folder: Path) -> dict[str, str]:
    """Names of files that are no label maps, and what is said about them."""
    (folder / "text.png").write_text("hello")
    (folder / "cut.npz").write_bytes(b"PK\x03\x04 nothing more")
    np.savez(folder / "two.npz", a=np.zeros((4, 4), int), b=np.zeros((4, 4), int))
    many: dict[str, Any] = {f"a{n}": np.zeros((2, 2), int) for n in range(65)}
    np.savez(folder / "many.npz", **many)
    np.savez_compressed(folder / "total.npz", a=np.zeros((400, 400), np.int32), b=np.zeros((400, 400), np.int32))
    np.savez(folder / "none.npz", a=np.zeros(4))
    np.save(folder / "object.npy", np.array([[{}, 1]], dtype=object), allow_pickle=True)
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    claim = b"{'descr': '<i8', 'fortran_order': False, 'shape': (300, 300), }"
    (folder / "lies.npy").write_bytes(header + claim.ljust(117) + b"\n" + b"\0" * 64)
    huge = claim.replace(b"300", b"9000")
    (folder / "huge.npy").write_bytes(header + huge.ljust(117) + b"\n" + b"\0" * 64)
    return {
        "huge.npy": "unpack to more than 1 MB",
        "text.png": "not a picture",
        "cut.npz": "damaged",
        "two.npz": r"2 label maps in it \(a, b\); call the one to use 'labels'",
        "many.npz": "more than 64 arrays",
        "total.npz": "unpack to more than 1 MB",
        "none.npz": "no label map",
        "object.npy": "no label map",
        "lies.npy": "damaged",
        "missing.png": "no such file",
    }


def test_files_that_are_no_maps_are_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_maps, "MAX_TOTAL", 2**20)
    for name, why in bad_files(tmp_path).items():
        with pytest.raises(PictureError, match=why) as caught:
            read_label_map(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_of_several_maps_the_one_called_labels_counts(tmp_path: Path) -> None:
    truth = quarters()[1]
    np.savez(tmp_path / "maps.npz", other=np.zeros((4, 4), int), labels=truth)
    assert np.array_equal(read_label_map(tmp_path / "maps.npz").labels, truth)


def tree(depth: int = 4) -> dict[str, Any]:
    """The arrays of an export: any tree over 2^depth cells, any tokens."""
    bits = np.random.default_rng(0).integers(0, 2, (1 << depth, depth)).astype(np.uint8)
    finest = bits.astype(int) @ (1 << np.arange(depth - 1, -1, -1))
    labels = finest >> np.arange(depth, -1, -1)[:, None]
    return {"labels": labels, "bits": bits, "token_map": np.zeros((depth + 1, 1 << depth), np.int32)}


def test_the_arrays_of_an_export_are_all_levels_of_a_tree(tmp_path: Path) -> None:
    arrays = tree()
    np.savez(tmp_path / "labels.npz", **arrays)
    found = read_label_map(tmp_path / "labels.npz")
    assert found.depth == 4 and found.labels.shape == (4, 4)
    for level in range(5):
        assert np.array_equal(found.at(level).reshape(-1), arrays["labels"][level])


@pytest.mark.parametrize("change", [{"bits": np.zeros((16, 4), np.uint8) + 2}, {"bits": np.zeros((8, 4), np.uint8)}])
def test_arrays_that_are_no_tree_are_one_map(change: dict[str, Any], tmp_path: Path) -> None:
    np.savez(tmp_path / "labels.npz", **(tree() | change))
    assert read_label_map(tmp_path / "labels.npz").depth is None
