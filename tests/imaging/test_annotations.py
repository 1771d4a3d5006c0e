"""labelme and COCO files: their regions, or one line that says what is wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nvg_studio.errors import PictureError
from nvg_studio.imaging.label_maps import read_label_map

SQUARE = [[2, 3], [9, 3], [9, 7], [2, 7]]


def read(folder: Path, content: Any) -> NDArray[np.int64]:
    path = folder / "regions.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_label_map(path).labels


def labelme(*shapes: dict[str, Any]) -> dict[str, Any]:
    return {"version": "5.5", "flags": {}, "shapes": list(shapes), "imageHeight": 20, "imageWidth": 30}


def coco(*segmentations: Any, pictures: int = 1) -> dict[str, Any]:
    images = [{"id": n, "height": 20, "width": 30, "file_name": f"{n}.jpg"} for n in range(pictures)]
    annotations = [
        {"id": n, "image_id": n % pictures, "category_id": 1, "segmentation": one, "iscrowd": 0}
        for n, one in enumerate(segmentations)
    ]
    return {"images": images, "annotations": annotations, "categories": []}


def square() -> NDArray[np.bool_]:
    """SQUARE with its border."""
    inside = np.zeros((20, 30), np.bool_)
    inside[3:8, 2:10] = True
    return inside


def test_shapes_of_labelme(tmp_path: Path) -> None:
    polygon = {"label": "leaf", "points": SQUARE, "shape_type": "polygon"}
    box = {"label": "stem", "points": [[15, 18], [12, 10]], "shape_type": "rectangle"}
    disc = {"label": "leaf", "points": [[24, 5], [27, 5]], "shape_type": "circle"}
    found = read(tmp_path, labelme(polygon, box, disc))
    assert found.shape == (20, 30) and len(np.unique(found)) == 3
    assert (found[square()] == found[5, 24]).all()  # of one label
    assert (found[10:19, 12:16] == found[14, 14]).all() and found[14, 14] != found[5, 5]
    assert 25 <= (found[:, 20:] == found[5, 24]).sum() <= 40


def test_polygons_of_coco(tmp_path: Path) -> None:
    flat = [float(value) for point in SQUARE for value in point]
    found = read(tmp_path, coco([flat], [[20, 10, 25, 10, 25, 15, 20, 15]]))
    assert np.array_equal(found == found[5, 5], square()) and len(np.unique(found)) == 3


@pytest.mark.parametrize("packed", [False, True])
def test_run_lengths_of_coco(packed: bool, tmp_path: Path) -> None:
    counts, on = [0], False
    for value in square().T.ravel():
        if bool(value) != on:
            counts.append(0)
            on = not on
        counts[-1] += 1
    found = read(tmp_path, coco({"size": [20, 30], "counts": as_text(counts) if packed else counts}))
    assert np.array_equal(found > 0, square())


def as_text(counts: list[int]) -> str:
    """As pycocotools writes run lengths."""
    text = ""
    for place, count in enumerate(counts):
        value, more = count - (counts[place - 2] if place > 2 else 0), True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != -1 if bits & 0x10 else value != 0
            text += chr(bits + (0x20 if more else 0) + 48)
    return text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "wrong"),
        ("[1, 2]", "wrong"),
        ({"type": "FeatureCollection"}, "neither a labelme nor a COCO file"),
        ({"shapes": []}, "imageHeight: Field required"),
        (labelme() | {"imageHeight": 10**5, "imageWidth": 10**5}, "too large"),
        (labelme({"label": "x", "points": [[1]], "shape_type": "polygon"}), "shapes.0.points"),
        (coco([[1, 2, 3, 4, 5, 6]], [[1, 2, 3, 4, 5, 6]], pictures=2), "about 2 pictures"),
        (coco({"size": [3, 3], "counts": [9]}), "another size"),
        (coco({"size": [20, 30], "counts": [-4]}), "wrong"),
        ("{" * 100_000, "wrong"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(content: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=words) as refused:
        read(tmp_path, content)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_run_lengths_beyond_the_picture_are_cut(tmp_path: Path) -> None:
    assert (read(tmp_path, coco({"size": [20, 30], "counts": [0, 10**12]})) == 0).all()  # one region alone
