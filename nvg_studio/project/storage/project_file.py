"""Project files (.nvgs): a document with its history as a zip archive. The format is described in docs/format.md.

    manifest.json              what it is, every step of the history and all waiting results; schema_version 3
    history.npz                bits, token maps and locks of all of them
    pictures/<sha256>.png      base pictures, and those of waiting results
    stages/<i>.png             the current step's stage pictures, so that it can be looked at without its model
    reference.png              the reference picture
    thumbnails.png             the steps of the history, one below the other
    thumbnail.png              for file managers

Files are not trusted: names, sizes, types and values are checked, and a file that is not exactly right is refused.
"""

import io
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from typing import BinaryIO

from nvg_studio import __version__
from nvg_studio.errors import NVGError, PictureError, ProjectError
from nvg_studio.ids import ModelId
from nvg_studio.imaging.crop import resize
from nvg_studio.imaging.read import decode_image, picture_size
from nvg_studio.imaging.write import encode_png
from nvg_studio.project.document import Document, Picture, picture_key
from nvg_studio.project.files import write_file
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.storage.archive import Arrays, Entries, open_zip, read_arrays, write_arrays, write_zip
from nvg_studio.project.storage.file_stamp import FileStamp, stamp_of_written
from nvg_studio.project.storage.manifest import SCHEMA_VERSION, Manifest, RenderingRecord, Versioned, clean, parse
from nvg_studio.project.storage.migrations import Manifest1, Manifest2, from_version_1, from_version_2
from nvg_studio.project.storage.packing import fitting, pack, unpack
from nvg_studio.project.thumbnails import cut_sheet, draw_sheet
from nvg_studio.sampling.settings import GenerationSettings

MAX_FILE = 640 * 2**20
MAX_PIXELS = 256 * 2**20
"""The most pixels that all pictures of a file may have together."""
THUMBNAIL_SIZE = 256
_MAX_PICTURE = 128 * 2**20
_MAX_ARRAY = 128 * 2**20
_LIMITS = {
    "manifest.json": 16 * 2**20,
    "history.npz": _MAX_ARRAY,
    "sequence.npz": _MAX_ARRAY,
    "reference.png": _MAX_PICTURE,
    "thumbnails.png": _MAX_PICTURE,
    "thumbnail.png": 2**20,
}
_PICTURE = re.compile(r"(pictures/[0-9a-f]{64}|stages/[0-9]{1,2})\.png")


@dataclass(frozen=True, eq=False)
class Project:
    """What a project file holds.

    Attributes:
        document: the history, its base pictures, and the results that wait.
        model_name: of the model that the current step belongs to (its tokenizer is in the snapshot); may be empty.
        rendering: the current step's stages, as far as they are known; None where none is.
        reference: the reference picture uint8 [H, W, 3], if there is one.
        thumbnails: uint8 [s, s, 3] of every step, as a file brought them; drawn again whenever a project is saved.
        settings: those of the next runs, class and seed among them; None where they are not known (older files).
    """

    document: Document
    model_name: str = ""
    rendering: Rendering | None = None
    reference: Picture | None = None
    thumbnails: tuple[Picture, ...] = ()
    settings: GenerationSettings | None = None

    @property
    def current_rendering(self) -> Rendering | None:
        """The rendering, if it is that of the current step."""
        snapshot, rendering = self.document.snapshot, self.rendering
        return rendering if rendering is not None and rendering.shows(snapshot.tokenizer, snapshot.sequence) else None

    def has_stages(self, stages: Iterable[int]) -> bool:
        """Whether the pictures of these stages of the current step are known."""
        rendering = self.current_rendering
        return set(stages) <= (set() if rendering is None else rendering.pictures.keys())

    @property
    def complete_rendering(self) -> Rendering | None:
        """The rendering, if it has all stages of the current step: what an export needs."""
        rendering = self.current_rendering
        return rendering if rendering is not None and rendering.complete else None


def save(project: Project, path: str | PathLike[str], backup: bool = True) -> FileStamp | None:
    """Save a project atomically; the same project always gives the same bytes.

    With `backup` the version before stays beside it, under the file's name with a ~ at its end.

    Returns:
        What the file is now, for `is_changed`; None where it cannot be looked at.

    Raises:
        ProjectError: the file cannot be written; what was there before is untouched.
    """
    data = encode(project)
    write_file(path, data, backup)
    return stamp_of_written(path, data)


def load(path: str | PathLike[str]) -> Project:
    """Open a project file.

    Raises:
        ProjectError: no such file, damaged, not a project, too large, or made by a newer version.
    """
    name = "".join(c if c.isprintable() else "?" for c in fspath(path))
    try:
        # Not blocking: a pipe without a writer would hold the program.
        with open(path, "rb", opener=lambda p, flags: os.open(p, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            _check_file(os.fstat(file.fileno()))
            return _read(file, {})
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        raise ProjectError(f"Cannot open {name}: {reason.lower()}.") from None
    except NVGError as error:
        raise ProjectError(f"Cannot open {name}: {str(error).rstrip('.')}.") from None


def encode(project: Project, without: frozenset[str] = frozenset()) -> bytes:
    """The bytes of a project file; steps that one file can't hold are left out (see `packing.fitting`).

    `without`: keys of base pictures to leave out, for whoever has them; `decode` needs them again.
    """
    document = project.document
    history = fitting(document)
    steps, made, arrays = pack(history, document.pending_results)
    rendering = project.current_rendering
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        application=f"NVG Studio {__version__}",
        model_name=clean(project.model_name),
        current=history.index,
        steps=steps,
        made=made,
        rendering=None if rendering is None else _rendering_record(rendering),
        reference=project.reference is not None,
        thumbnails=True,
        settings=None if project.settings is None else project.settings.to_dict(),
    )
    entries = {"manifest.json": manifest.model_dump_json(indent=1).encode(), "history.npz": write_arrays(arrays)}
    pictures = dict(document.pictures) | {
        record.picture: one.picture for record, one in zip(made, document.pending_results, strict=True)
    }
    held = sorted(manifest.picture_keys - without)
    entries |= {f"pictures/{key}.png": encode_png(pictures[key]) for key in held}
    if rendering is not None:
        entries |= {f"stages/{stage}.png": encode_png(picture) for stage, picture in rendering.pictures.items()}
    if project.reference is not None:
        entries["reference.png"] = encode_png(project.reference)
    entries["thumbnails.png"] = encode_png(draw_sheet(history, document.pictures))
    entries["thumbnail.png"] = encode_png(resize(document.base, min(len(document.base), THUMBNAIL_SIZE)))
    return write_zip(entries)


def decode(data: bytes, given: Mapping[str, Picture]) -> Project:
    """The inverse of `encode`; `given`: base pictures by key that may be missing in the data. Raises ProjectError."""
    try:
        return _read(io.BytesIO(data), given)
    except ProjectError:
        raise
    except NVGError as error:
        raise ProjectError(str(error)) from None


def _rendering_record(rendering: Rendering) -> RenderingRecord:
    return RenderingRecord(model=clean(rendering.model), stages=tuple(rendering.pictures))


def _check_file(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ProjectError("it is a directory")
    if not stat.S_ISREG(status.st_mode):
        raise ProjectError("it is not a file")
    if status.st_size > MAX_FILE:
        raise ProjectError(f"it is larger than {MAX_FILE // 2**20} MB")


def _limit_of(name: str) -> int | None:
    return _MAX_PICTURE if _PICTURE.fullmatch(name) else _LIMITS.get(name)


def _read(file: BinaryIO, given: Mapping[str, Picture]) -> Project:
    """The project of an archive; errors come without the file's name."""
    with open_zip(file, _limit_of) as entries:
        manifest, arrays = _read_manifest(entries)
        keys = manifest.picture_keys
        held = frozenset(key for key in keys if f"pictures/{key}.png" in entries.names)
        _check_names(entries.names, manifest, held | (keys - given.keys()))
        budget = _Budget(MAX_PIXELS)
        pictures = {key: given[key] for key in keys - held}
        pictures |= {key: _read_base(entries, key, budget) for key in sorted(held)}
        document = unpack(manifest, arrays, pictures)
        return Project(
            document,
            manifest.model_name,
            _read_rendering(entries, manifest.rendering, document, budget),
            _read_picture(entries, "reference.png", budget) if manifest.reference else None,
            cut_sheet(_read_picture(entries, "thumbnails.png", budget), len(manifest.steps))
            if manifest.thumbnails
            else (),
            None if manifest.settings is None else GenerationSettings.from_dict(manifest.settings),
        )


def _read_manifest(entries: Entries) -> tuple[Manifest, Arrays]:
    """The manifest and the arrays, brought to the current version."""
    if "manifest.json" not in entries.names:
        raise ProjectError("it is not a project file (there is no manifest in it)")
    content = entries.read("manifest.json")
    version = parse(Versioned, content).schema_version
    if version > SCHEMA_VERSION:
        raise ProjectError("it was made by a newer NVG Studio; update the program to open it")
    if version == 1:
        first = parse(Manifest1, content)
        second, arrays = from_version_1(first, read_arrays(entries.read("sequence.npz"), _MAX_ARRAY))
        return from_version_2(second), arrays
    manifest = from_version_2(parse(Manifest2, content)) if version == 2 else parse(Manifest, content)
    return manifest, read_arrays(entries.read("history.npz"), _MAX_ARRAY)


def _check_names(names: frozenset[str], manifest: Manifest, needed: frozenset[str]) -> None:
    """Exactly the pictures that the manifest names must be there, base pictures at least the `needed` ones."""
    expected = {f"pictures/{key}.png" for key in needed}
    if manifest.rendering is not None:
        expected |= {f"stages/{stage}.png" for stage in manifest.rendering.stages}
    named = {"reference.png": manifest.reference, "thumbnails.png": manifest.thumbnails}
    expected |= {name for name, there in named.items() if there}
    if {name for name in names if name.endswith(".png")} - {"thumbnail.png"} != expected:
        raise ProjectError("its pictures are not the ones that its manifest names")


class _Budget:
    """Pixels that may still be decoded."""

    def __init__(self, pixels: int) -> None:
        self._left = pixels

    def spend(self, pixels: int) -> None:
        self._left -= pixels
        if self._left < 0:
            raise ProjectError(f"its pictures have more than {MAX_PIXELS // 2**20} megapixels together")


def _read_picture(entries: Entries, name: str, budget: _Budget) -> Picture:
    content = entries.read(name)
    try:
        width, height = picture_size(content)
        budget.spend(width * height)
        picture = decode_image(content)
    except PictureError:
        raise ProjectError(f"the picture {name} in it is damaged or too large") from None
    picture.setflags(write=False)
    return picture


def _read_base(entries: Entries, key: str, budget: _Budget) -> Picture:
    picture = _read_picture(entries, f"pictures/{key}.png", budget)
    if picture.shape[0] != picture.shape[1] or picture_key(picture) != key:
        raise ProjectError("a base picture in it is not the one that its manifest names")
    return picture


def _read_rendering(
    entries: Entries, record: RenderingRecord | None, document: Document, budget: _Budget
) -> Rendering | None:
    if record is None:
        return None
    pictures = {stage: _read_picture(entries, f"stages/{stage}.png", budget) for stage in record.stages}
    return Rendering.known(ModelId(record.model), document.sequence, pictures)
