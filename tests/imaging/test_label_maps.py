"""Label maps from files: as they were saved, or refused in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from nvg_studio.errors import PictureError
from nvg_studio.imaging import label_maps
from nvg_studio.imaging.label_maps import read_label_map
from tests.imaging.making_files import REC2020, chunk, icc_chunk, png, rgb_profile
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


TRUTH = np.kron(np.array([[0, 1], [2, 3]]), np.ones((9, 11), int))
TYPES = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


def same_regions(found: np.ndarray, truth: np.ndarray) -> bool:
    """Whether two maps tell the same pixels apart, whatever they call them."""
    pairs = {(int(a), int(b)) for a, b in zip(found.ravel(), truth.ravel(), strict=True)}
    return len(pairs) == len(np.unique(truth)) == len(np.unique(found))


@pytest.mark.parametrize("kind", TYPES)
def test_ids_of_any_type(kind: str, tmp_path: Path) -> None:
    """With -1 for what is no region where there is a sign, and with the largest numbers of the type."""
    dtype = np.dtype(kind)
    exact = {"float16": 2**11, "float32": 2**24, "float64": 2**53}
    most = np.iinfo(dtype).max if dtype.kind in "iu" else exact[kind]
    ids = np.array([-1 if dtype.kind != "u" else 0, 1, most - 1, most], dtype)[TRUTH]
    tifffile.imwrite(tmp_path / "ids.tif", ids)
    assert np.array_equal(read_label_map(tmp_path / "ids.tif").labels, TRUTH)
    np.save(tmp_path / "ids.npy", ids)
    assert np.array_equal(read_label_map(tmp_path / "ids.npy").labels, TRUTH)


def test_fractions_are_no_ids_and_what_is_no_number_is_a_region(tmp_path: Path) -> None:
    depth = np.linspace(0, 1, TRUTH.size).reshape(TRUTH.shape)
    tifffile.imwrite(tmp_path / "depth.tif", depth.astype(np.float32))
    np.save(tmp_path / "depth.npy", depth)
    for name in ("depth.tif", "depth.npy"):
        with pytest.raises(PictureError, match="it holds fractions"):
            read_label_map(tmp_path / name)
    holes = np.where(TRUTH == 0, np.nan, TRUTH).astype(np.float32)
    tifffile.imwrite(tmp_path / "holes.tif", holes)
    assert np.array_equal(read_label_map(tmp_path / "holes.tif").labels, TRUTH)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_ids_in_colours_are_not_converted(dtype: type, tmp_path: Path) -> None:
    """Neighbouring numbers would become one colour."""
    samples: np.ndarray = np.stack([TRUTH * 0, TRUTH * 0, TRUTH], 2).astype(dtype)
    wide = icc_chunk(rgb_profile("wide", REC2020, 2.2))
    (tmp_path / "ids.png").write_bytes(png(samples, wide, chunk(b"cICP", bytes((9, 16, 0, 1)))))
    assert same_regions(read_label_map(tmp_path / "ids.png").labels, TRUTH)


@pytest.mark.parametrize(
    ("colour", "alpha", "regions"),
    [
        (TRUTH * 0 + 255, (TRUTH > 1) * 255, TRUTH > 1),  # white, alpha tells
        (TRUTH * 0, (TRUTH > 1) * 255, TRUTH > 1),  # black, alpha tells
        (TRUTH * 60, TRUTH * 0, TRUTH),  # ids below an alpha of 0
        (TRUTH * 60, TRUTH * 0 + 128, TRUTH),  # an overlay
        (TRUTH * 60, (TRUTH > 1) * 255, np.maximum(TRUTH, 1)),  # what is transparent is one region
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_alpha_tells_regions_where_colours_do_not(
    colour: np.ndarray, alpha: np.ndarray, regions: np.ndarray, channels: int, tmp_path: Path
) -> None:
    samples: np.ndarray = np.stack([colour] * channels + [alpha], 2).astype(np.uint8)
    (tmp_path / "mask.png").write_bytes(png(samples))
    assert same_regions(read_label_map(tmp_path / "mask.png").labels, regions)


def test_the_alpha_of_a_photo_is_the_mask(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3)).astype(np.uint8)
    inside = np.hypot(*np.mgrid[-40:40, -40:40]) < 20
    photo = np.concatenate([noise, (inside * 255).astype(np.uint8)[..., None]], 2)
    Image.fromarray(photo).save(tmp_path / "cutout.png")
    assert same_regions(read_label_map(tmp_path / "cutout.png").labels, inside)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_palette_places_count_whatever_their_colours(kind: str, tmp_path: Path) -> None:
    image = Image.fromarray(TRUTH.astype(np.uint8), "P")
    image.putpalette([0] * 3 + [255, 0, 0] * 2 + [0, 0, 255])
    image.save(tmp_path / "map", kind, **({"transparency": 0} if kind == "PNG" else {}))
    assert np.array_equal(read_label_map(tmp_path / "map").labels, TRUTH)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_maps_are_turned_like_their_photos(kind: str, mode: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(TRUTH.astype(np.uint8), "P" if mode == "P" else "L")
    if mode == "P":
        image.putpalette(list(range(12)))
    image.convert(mode).save(tmp_path / "map", kind, exif=exif)
    assert same_regions(read_label_map(tmp_path / "map").labels, np.rot90(TRUTH, -1))


def test_stacks_of_masks_are_one_map(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", (TRUTH > 1)[None])
    assert np.array_equal(read_label_map(tmp_path / "one.npy").labels, TRUTH > 1)
    np.save(tmp_path / "many.npy", np.stack([TRUTH == n for n in (1, 2, 3)]))
    assert np.array_equal(read_label_map(tmp_path / "many.npy").labels, TRUTH)
    np.save(tmp_path / "numbers.npy", np.stack([TRUTH, TRUTH + 7]))
    with pytest.raises(PictureError, match="no label map"):
        read_label_map(tmp_path / "numbers.npy")


def test_maps_of_a_few_pixels_are_maps(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 9], [9, 0]], np.uint8)).save(tmp_path / "tiny.png")
    assert read_label_map(tmp_path / "tiny.png").labels.tolist() == [[0, 1], [1, 0]]
