"""One export, whatever the format: from a project and its rendering to files in a folder."""

from pathlib import Path

from nvg_studio.errors import ProjectError
from nvg_studio.imaging.write import encode_png
from nvg_studio.project.export.kinds import Format, LayerChoice
from nvg_studio.project.export.layers import Advance, no_progress
from nvg_studio.project.export.ora import encode_ora
from nvg_studio.project.export.picture import PictureKind, encode_picture
from nvg_studio.project.export.png import export_png
from nvg_studio.project.export.psd import encode_psd
from nvg_studio.project.export.scene import build_scene, scaled_view
from nvg_studio.project.export.strip import draw_strip
from nvg_studio.project.export.tiff import encode_tiff
from nvg_studio.project.files import refusal, write_file
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.storage import Project

ENCODERS = {Format.ORA: encode_ora, Format.PSD: encode_psd, Format.TIFF: encode_tiff}
PICTURES = {Format.PICTURE: PictureKind.PNG, Format.JPEG: PictureKind.JPEG, Format.WEBP: PictureKind.WEBP}
ENDINGS = {
    Format.ORA: ".ora",
    Format.PSD: ".psd",
    Format.TIFF: ".tif",
    Format.STRIP: "-strip.png",
    Format.PICTURE: ".png",
    Format.JPEG: ".jpg",
    Format.WEBP: ".webp",
}
"""What the name of the one file ends in; Format.PNG writes a folder."""


def export(
    project: Project, kind: Format, choice: LayerChoice, folder: Path, name: str, advance: Advance = no_progress
) -> Path:
    """Write the current step of a project.

    Args:
        project: has a rendering of its current step.
        kind: the format.
        choice: levels, parts and scale.
        folder: made if it is missing.
        name: of the file, without its ending; Format.PNG fills the folder itself.
        advance: told how many layers or files are done; may raise Cancelled, and then nothing was written
            (of Format.PNG's files some may have been).

    Returns:
        The file, or the folder.

    Raises:
        ProjectError: there is no rendering of the current step, or the disk refuses.
        SettingsError: see `LayerChoice.check`.
    """
    rendering = project.complete_rendering
    if rendering is None:
        raise ProjectError("Cannot export: not all stages of this step were decoded; open it with its model.")
    if kind is Format.PNG:
        export_png(project, rendering, build_scene(project.document, rendering, choice), folder, advance)
        return folder
    data = _encode(project, rendering, kind, choice, advance)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(f"Cannot make the folder {folder}", error) from error
    path = folder / f"{name}{ENDINGS[kind]}"
    write_file(path, data)
    return path


def without_ending(name: str, kind: Format) -> str:
    """A file name without what `export` puts at its end, or without the ending it has."""
    return name.removesuffix(ENDINGS[kind]) if name.endswith(ENDINGS[kind]) else Path(name).stem


def _encode(project: Project, rendering: Rendering, kind: Format, choice: LayerChoice, advance: Advance) -> bytes:
    document = project.document
    choice.check(document.sequence.depth)
    if kind in ENCODERS:
        scene = build_scene(document, rendering, choice)
        return ENCODERS[kind](scene, advance)
    if kind is Format.STRIP:
        return encode_png(draw_strip(document.sequence, rendering, choice.scale))
    return encode_picture(project, scaled_view(document, rendering, choice.scale), PICTURES[kind])
