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
from nvg_studio.project.storage.project_file import Project
from nvg_studio.project.view import stage_in_view

ENCODERS = {Format.ORA: encode_ora, Format.PSD: encode_psd, Format.TIFF: encode_tiff}
PICTURES = {Format.PICTURE: PictureKind.PNG, Format.JPEG: PictureKind.JPEG, Format.WEBP: PictureKind.WEBP}
ENDINGS: dict[Format, tuple[str, ...]] = {
    Format.ORA: (".ora",),
    Format.PSD: (".psd",),
    Format.TIFF: (".tif", ".tiff"),
    Format.STRIP: ("-strip.png", ".png"),
    Format.PICTURE: (".png",),
    Format.JPEG: (".jpg", ".jpeg"),
    Format.WEBP: (".webp",),
}
"""What the name of the one file may end in, the usual ending first; Format.PNG writes a folder."""


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

    Raises: as `export_to`.
    """
    target = folder if kind is Format.PNG else folder / f"{name}{ENDINGS[kind][0]}"
    return export_to(project, kind, choice, target, advance)


def export_to(
    project: Project, kind: Format, choice: LayerChoice, target: Path, advance: Advance = no_progress
) -> Path:
    """Write the current step of a project to the very path `target`, and return that; otherwise like `export`.

    Raises:
        ProjectError: a stage that is needed was not decoded, or the disk refuses.
        SettingsError: see `LayerChoice.check`.
    """
    choice.check(project.document.sequence.depth)
    if not project.has_stages(stages_needed(project, kind, choice)):
        raise ProjectError("Cannot export: not all stages of this step were decoded; open it with its model.")
    if kind is Format.PNG:
        rendering = project.complete_rendering
        assert rendering is not None
        export_png(project, rendering, build_scene(project.document, rendering, choice), target, advance)
        return target
    data = _encode(project, kind, choice, advance)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise refusal(f"Cannot make the folder {target.parent}", error) from error
    write_file(target, data)
    return target


def stages_needed(project: Project, kind: Format, choice: LayerChoice) -> tuple[int, ...]:
    """The stages whose pictures an export takes: all, or for one picture at its own size the one that is in view."""
    if kind not in PICTURES or choice.scale is not None:
        return tuple(range(project.document.sequence.depth + 1))
    stage = stage_in_view(project.document.snapshot)
    return () if stage is None else (stage,)


def _encode(project: Project, kind: Format, choice: LayerChoice, advance: Advance) -> bytes:
    document, rendering = project.document, project.current_rendering
    if kind in PICTURES:
        return encode_picture(project, scaled_view(document, rendering, choice.scale), PICTURES[kind])
    assert rendering is not None
    if kind is Format.STRIP:
        return encode_png(draw_strip(document.sequence, rendering, choice.scale))
    return ENCODERS[kind](build_scene(document, rendering, choice), advance)
