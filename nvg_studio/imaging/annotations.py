"""Regions as annotation tools write them in JSON: labelme's shapes, COCO's polygons and run lengths. Not trusted."""

from typing import Annotated, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from nvg_studio.errors import PictureError
from nvg_studio.imaging.read import check_size

MAX_SHAPES = 20_000
Side = Annotated[int, Field(ge=1, le=100_000)]
Coordinate = Annotated[float, Field(ge=-1e6, le=1e6)]
Point = tuple[Coordinate, Coordinate]


class _Shape(BaseModel):
    label: str | int | None = None
    points: Annotated[list[Point], Field(max_length=100_000)]
    shape_type: str = "polygon"


class _Labelme(BaseModel):
    shapes: Annotated[list[_Shape], Field(max_length=MAX_SHAPES)]
    imageHeight: Side
    imageWidth: Side


class _Image(BaseModel):
    id: int | str
    height: Side
    width: Side


class _RunLengths(BaseModel):
    counts: str | list[Annotated[int, Field(ge=0)]]
    size: tuple[Side, Side]


class _Annotation(BaseModel):
    image_id: int | str
    category_id: int | None = None
    segmentation: list[Annotated[list[Coordinate], Field(min_length=6)]] | _RunLengths


class _Coco(BaseModel):
    images: Annotated[list[_Image], Field(min_length=1, max_length=1_000_000)]
    annotations: Annotated[list[_Annotation], Field(max_length=MAX_SHAPES)]


def read_annotations(data: bytes, name: str) -> NDArray[np.int64]:
    """The regions of a labelme or COCO file: int64 [H, W], 0 where there is none.

    labelme: shapes of one label are one region. COCO: every annotation is one, later ones lie over earlier ones.

    Raises:
        PictureError: neither of them, or it is about several pictures.
    """
    try:
        kind: dict[str, Any] = TypeAdapter(dict[str, Any]).validate_json(data)
        if "shapes" in kind:
            return _from_labelme(_Labelme.model_validate(kind), name)
        if "annotations" in kind:
            return _from_coco(_Coco.model_validate(kind), name)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:80]
        why = f"{place}: {first['msg'][:120]}" if place else first["msg"][:120]
        raise PictureError(f"Cannot use {name}: as an annotation file it is wrong ({why}).") from None
    raise PictureError(f"Cannot use {name}: it is neither a labelme nor a COCO file.")


def _from_labelme(file: _Labelme, name: str) -> NDArray[np.int64]:
    labels = _blank(file.imageHeight, file.imageWidth, name)
    numbers: dict[str | int | None, int] = {}
    for shape in file.shapes:
        number = numbers.setdefault(shape.label, len(numbers) + 1)
        points = np.array(shape.points, np.float64).reshape(-1, 2)
        if shape.shape_type == "circle" and len(points) == 2:
            radius = float(np.hypot(*(points[1] - points[0])))
            cv2.circle(labels, _pixel(points[0]), round(radius), number, -1)
        elif shape.shape_type == "rectangle" and len(points) == 2:
            cv2.rectangle(labels, _pixel(points.min(axis=0)), _pixel(points.max(axis=0)), number, -1)
        elif shape.shape_type == "polygon" and len(points) >= 3:
            _fill(labels, points, number)
    return labels.astype(np.int64)


def _from_coco(file: _Coco, name: str) -> NDArray[np.int64]:
    pictures = {annotation.image_id for annotation in file.annotations} or {file.images[0].id}
    image = next((one for one in file.images if one.id in pictures), None)
    if len(pictures) > 1 or image is None:
        raise PictureError(f"Cannot use {name}: it is about {len(pictures)} pictures; keep the regions of one of them.")
    labels = _blank(image.height, image.width, name)
    for number, annotation in enumerate(file.annotations, 1):
        if isinstance(annotation.segmentation, _RunLengths):
            mask = _unpacked(annotation.segmentation)
            if mask.shape != labels.shape:
                raise PictureError(f"Cannot use {name}: a mask in it is of another size than its picture.")
            labels[mask] = number
        else:
            for polygon in annotation.segmentation:
                _fill(labels, np.array(polygon[: len(polygon) // 2 * 2], np.float64).reshape(-1, 2), number)
    return labels.astype(np.int64)


def _blank(height: int, width: int, name: str) -> NDArray[np.int32]:
    check_size((width, height), name, least=1)
    return np.zeros((height, width), np.int32)


def _pixel(point: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _fill(labels: NDArray[np.int32], points: NDArray[np.float64], number: int) -> None:
    cv2.fillPoly(labels, [np.rint(points).astype(np.int32)], number)


def _unpacked(runs: _RunLengths) -> NDArray[np.bool_]:
    """A mask from its run lengths, column by column, off first (COCO's RLE, packed as text or not)."""
    height, width = runs.size
    counts = _counts(runs.counts) if isinstance(runs.counts, str) else runs.counts
    values = np.zeros(height * width, np.bool_)
    place, on = 0, False
    for count in counts:
        values[place : place + max(count, 0)] = on
        place, on = place + max(count, 0), not on
    return values.reshape(width, height).T


def _counts(text: str) -> list[int]:
    """Run lengths from COCO's text: six bits a character, from the third on as differences to the one before last."""
    counts: list[int] = []
    value = shift = 0
    for code in text.encode("ascii", "replace"):
        bits = code - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts
