"""What is pasted or dropped: colours as they were meant, files that are gone, clipboards whose owner is gone."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColorSpace, QImage

from nvg_studio.editor.notices import Kind
from nvg_studio.editor.pictures.qimages import from_qimage
from nvg_studio.errors import PictureError
from nvg_studio.imaging.write import write_png
from nvg_studio.ui.qt.dropped_data import (
    Incoming,
    IncomingFile,
    IncomingPicture,
    NothingUsable,
    incoming,
    may_be_usable,
)
from tests.ui.driver import Studio

SOURCE = (200, 60, 60)
WIDE = {
    # Display P3 has sRGB's curve, Adobe RGB a gamma of 2.2; matrices of IEC 61966-2-1 and SMPTE EG 432-1, D65.
    QColorSpace.NamedColorSpace.DisplayP3: (217, 42, 52),
    QColorSpace.NamedColorSpace.SRgbLinear: (229, 132, 132),
    QColorSpace.NamedColorSpace.SRgb: SOURCE,
}


def filled(kind: QImage.Format, space: QColorSpace.NamedColorSpace | None = None, side: int = 16) -> QImage:
    image = QImage(side, side, QImage.Format.Format_RGB888)
    image.fill(0xFF000000 | SOURCE[0] << 16 | SOURCE[1] << 8 | SOURCE[2])
    image = image.convertToFormat(kind)
    if space is not None:
        image.setColorSpace(QColorSpace(space))
    return image


def mime(image: QImage | None = None, *paths: Path | str) -> QMimeData:
    data = QMimeData()
    if image is not None:
        data.setImageData(image)
    data.setUrls([QUrl(path) if isinstance(path, str) else QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def read(found: Incoming) -> np.ndarray:
    assert isinstance(found, IncomingPicture)
    return found.read()


class Dead(QMimeData):
    """A clipboard whose owner promised a picture and is gone."""

    def hasImage(self) -> bool:
        return True

    def imageData(self) -> None:
        return None


@pytest.mark.parametrize("space", WIDE)
@pytest.mark.parametrize("kind", [QImage.Format.Format_RGB32, QImage.Format.Format_ARGB32, QImage.Format.Format_RGBA64])
def test_colours_are_brought_to_srgb(qapp: object, space: QColorSpace.NamedColorSpace, kind: QImage.Format) -> None:
    found = from_qimage(filled(kind, space))
    assert found.shape == (16, 16, 3) and found.dtype == np.uint8
    np.testing.assert_allclose(found[3, 5].astype(int), WIDE[space], atol=2)


def test_no_colour_space_means_srgb(qapp: object) -> None:
    assert tuple(from_qimage(filled(QImage.Format.Format_RGB32))[0, 0]) == SOURCE


def test_linear_pictures_of_16_bits_keep_their_shadows(qapp: object) -> None:
    """Cut to 8 bits before the conversion, the darkest 40 of 65,535 levels x 16 would become three."""
    image = QImage(40, 8, QImage.Format.Format_RGBX64)
    pixels = np.frombuffer(image.bits(), np.uint16).reshape(8, 40, 4)
    pixels[...] = (np.arange(40, dtype=np.uint16) * 16)[None, :, None]
    pixels[..., 3] = 65535
    image.setColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgbLinear))
    assert len(np.unique(from_qimage(image))) > 20


def test_a_file_that_is_there_goes_before_the_picture_beside_it(qapp: object, tmp_path: Path) -> None:
    write_png(tmp_path / "here.png", np.zeros((16, 16, 3), np.uint8))
    data = mime(filled(QImage.Format.Format_RGB32), tmp_path / "gone.png", tmp_path / "here.png")
    assert incoming(data, pasted=True) == IncomingFile(tmp_path / "here.png")


@pytest.mark.parametrize("name", ["gone.png", "folder"])
def test_the_picture_is_taken_where_its_file_is_gone_or_a_folder(qapp: object, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    found = incoming(mime(filled(QImage.Format.Format_RGB32), tmp_path / name), pasted=True)
    assert tuple(read(found)[0, 0]) == SOURCE


def test_picture_files_as_data_are_pictures(qapp: object) -> None:
    buffer = BytesIO()
    Image.new("RGB", (16, 16), SOURCE).save(buffer, "PNG")
    data = QMimeData()
    data.setData("image/png", buffer.getvalue())
    assert may_be_usable(data) and tuple(read(incoming(data, pasted=True))[0, 0]) == SOURCE
    data.setData("image/png", buffer.getvalue()[:60])
    with pytest.raises(PictureError, match="damaged"):
        read(incoming(data, pasted=True))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (Dead(), "is closed"),
        (mime(QImage()), "is closed"),
        (mime(None, "https://example.org/rose.png"), "save the picture first"),
        (mime(), "no picture on the clipboard"),
        (None, "no picture on the clipboard"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(qapp: object, data: QMimeData | None, words: str) -> None:
    found = incoming(data, pasted=True)
    assert isinstance(found, NothingUsable) and words in found.reason and "\n" not in found.reason


@pytest.mark.parametrize("reference", [False, True])
def test_the_window_says_why_nothing_was_opened(ready_studio: Studio, reference: bool) -> None:
    window = ready_studio.window
    if reference:
        window.reference_connector.open_data(Dead())
    else:
        assert not window.commands.files.open_data(Dead(), "dropped picture")
    notice = window.message.notice
    assert notice is not None and notice.kind is Kind.WARNING and "is closed" in notice.text


@pytest.mark.parametrize("reference", [False, True])
def test_a_picture_that_is_too_small_is_refused_in_one_line(ready_studio: Studio, reference: bool) -> None:
    data, window = mime(filled(QImage.Format.Format_RGB32, side=4)), ready_studio.window
    if reference:
        window.reference_connector.open_data(data)
    else:
        window.commands.files.open_data(data, "clipboard")
    ready_studio.until(lambda: window.message.notice is not None)
    assert window.message.notice is not None and "4 x 4 pixels" in window.message.notice.text
    ready_studio.settle()


@pytest.mark.parametrize("name", ["gone.png", "folder"])
def test_a_dead_file_beside_a_picture_does_not_hide_it(ready_studio: Studio, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    data = mime(filled(QImage.Format.Format_RGB32, QColorSpace.NamedColorSpace.DisplayP3), tmp_path / name)
    ready_studio.window.commands.files.open_data(data, "clipboard")
    ready_studio.until(lambda: ready_studio.session.document is not None)
    np.testing.assert_allclose(ready_studio.session.base[0, 0].astype(int), (217, 42, 52), atol=2)
