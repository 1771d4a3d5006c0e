"""Opening whatever holds work: project files, and PNG files of the view."""

import base64
import binascii
from os import PathLike, fspath
from pathlib import Path

from nvg_studio.errors import ProjectError
from nvg_studio.imaging.formats import png
from nvg_studio.imaging.read import decode_image
from nvg_studio.project.document import picture_key
from nvg_studio.project.export.picture import WORK
from nvg_studio.project.storage.project_file import Project, decode, load

MAX_FILE = 128 * 2**20


def open_work(path: str | PathLike[str]) -> Project:
    """The project of a .nvgs file, or of a PNG that holds the work; ProjectError where there is none."""
    if Path(path).suffix.lower() != ".png":
        return load(path)
    project = project_in_picture(path)
    if project is None:
        raise ProjectError(f"Cannot open {fspath(path)}: there is no work of NVG Studio in it.")
    return project


def project_in_picture(path: str | PathLike[str]) -> Project | None:
    """The work that a PNG file of the view holds; None where the file is not such a picture.

    Raises:
        ProjectError: there is work in it, but it is damaged.
    """
    try:
        with open(path, "rb") as file:
            if file.read(len(png.SIGNATURE)) != png.SIGNATURE:
                return None
            file.seek(0)
            text = png.text_of(file.read(MAX_FILE + 1), WORK)
            if text is None:
                return None
            file.seek(0)
            view = decode_image(file.read(), fspath(path))
        data = base64.b64decode(text, validate=True)
        view.setflags(write=False)
        return decode(data, {picture_key(view): view})
    except OSError:
        return None  # whoever opens it as a picture says why it can't be read
    except (ProjectError, binascii.Error) as error:
        raise ProjectError(f"Cannot go on with the work in {fspath(path)}: {error}.") from None
