"""Layers as values: what is visible is the view, and what is hidden is what was promised."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nvg_studio.errors import SettingsError
from nvg_studio.ids import TokenizerId
from nvg_studio.imaging.cells import cells_to_pixels
from nvg_studio.imaging.crop import resize
from nvg_studio.imaging.masks import soft_mask
from nvg_studio.project.document import apply_edit, open_photo
from nvg_studio.project.export.export import export
from nvg_studio.project.export.kinds import Format, LayerChoice, Part
from nvg_studio.project.export.layers import Blend, Group, Layer, Scene, readable
from nvg_studio.project.export.residuals import grey_residuals
from nvg_studio.project.storage.project_file import Project
from nvg_studio.project.view import current_view
from tests.project.documents import DEPTH, documents, picture, seeds, sequence
from tests.project.scenes import NAME, SIZE, named_project, rendering_of, scene_of, smooth


def painted(layers: list[Layer], size: int) -> NDArray[np.float64]:
    """Layers laid over black in painting order, by the definition of their blend modes."""
    page = np.zeros((size, size, 3))
    for layer in layers:
        height, width = layer.pixels.shape[:2]
        area = (slice(layer.top, layer.top + height), slice(layer.left, layer.left + width))
        colour, alpha = layer.pixels[..., :3].astype(float), layer.pixels[..., 3:] / 255
        if layer.blend is Blend.LINEAR_LIGHT:
            colour = np.clip(page[area] + 2 * colour - 255, 0, 255)
        page[area] = alpha * colour + (1 - alpha) * page[area]
    return page


def visible(scene: Scene) -> list[Layer]:
    return [layer for group, layer in scene.walk() if layer.visible and (group is None or group.visible)]


def groups_of(scene: Scene) -> dict[str, Group]:
    return {item.name: item for item in scene.items if isinstance(item, Group)}


@given(documents(), st.integers(0, DEPTH), st.sampled_from([None, 1, 3]))
def test_what_is_visible_composes_to_the_view(document, level: int, scale: int | None) -> None:  # type: ignore[no-untyped-def]
    project = replace(named_project(), document=document, rendering=rendering_of(document))
    scene = scene_of(project, LayerChoice(level, scale=scale, groups=()))
    np.testing.assert_array_equal(painted(visible(scene), scene.size), scene.view)
    assert len(visible(scene)) == 1 + len(np.unique(document.sequence.labels(level)))
    if scale is not None:
        assert scene.size == 16 * scale


def test_cutouts_have_hard_masks_cropped_to_their_cluster() -> None:
    project = named_project()
    labels = project.document.sequence.labels(2)
    picture, *cutouts = visible(scene_of(project))
    assert picture.opaque and picture.name == "Picture"
    covered = np.zeros((SIZE, SIZE), int)
    for cluster, layer in zip(np.unique(labels), cutouts, strict=True):
        height, width = layer.pixels.shape[:2]
        alpha = np.zeros((SIZE, SIZE), np.uint8)
        alpha[layer.top : layer.top + height, layer.left : layer.left + width] = layer.pixels[..., 3]
        np.testing.assert_array_equal(alpha == 255, cells_to_pixels(labels == cluster, SIZE))
        assert set(np.unique(alpha)) <= {0, 255}
        assert all(layer.pixels[edge][..., 3].any() for edge in (0, -1, np.s_[:, 0], np.s_[:, -1]))
        covered += alpha == 255
    assert (covered == 1).all()
    assert NAME in {layer.name for layer in cutouts}


def test_hidden_groups_hold_what_was_chosen() -> None:
    groups = groups_of(scene_of(named_project()))
    assert list(groups) == ["Level 1", "Level 2", "Level 3", "Level 4", "Stages 0 to 4 added up"]
    assert not any(group.visible for group in groups.values())
    names = [layer.name for layer in groups["Level 2"].layers]
    assert names[:3] == ["Picture after stage 2", "Residual of stage 2", "Structure map of level 2"]
    assert f"{NAME} (soft)" in names and names[-1] == "Locks of level 2"
    choice = LayerChoice(groups=(0, 3), parts=frozenset({Part.STRUCTURE}))
    few = groups_of(scene_of(named_project(), choice))
    assert {name: [layer.name for layer in group.layers] for name, group in few.items()} == {
        "Level 0": ["Structure map of level 0"],
        "Level 3": ["Structure map of level 3"],
    }


def test_stage_0_and_the_residuals_add_up_to_the_picture() -> None:
    scene = scene_of(named_project())
    layers = list(groups_of(scene)["Stages 0 to 4 added up"].layers)
    assert layers[0].blend is Blend.NORMAL and {layer.blend for layer in layers[1:]} == {Blend.LINEAR_LIGHT}
    assert np.abs(painted(layers, SIZE) - scene.view).max() <= 1
    rendering = named_project().rendering
    assert rendering is not None
    for stage in range(1, DEPTH + 1):
        after = resize(rendering.stages[stage], SIZE)
        assert np.abs(painted(layers[: stage + 1], SIZE) - after).max() <= 1


@given(st.lists(seeds, min_size=2, max_size=9))
def test_residuals_of_any_pictures_lose_at_most_one_step(given_seeds: list[int]) -> None:
    pictures = [np.random.default_rng(seed).integers(0, 256, (4, 4, 3)).astype(np.uint8) for seed in given_seeds]
    residuals = grey_residuals(pictures)
    total = pictures[0].astype(int)
    for wanted, residual in zip(pictures[1:], residuals, strict=True):
        total = np.clip(total + 2 * residual.astype(int) - 255, 0, 255)
        assert np.abs(total - wanted).max() <= 1


def test_nothing_changed_is_middle_grey() -> None:
    (residual,) = grey_residuals([smooth(1, 16)] * 2)
    assert set(np.unique(residual)) <= {128}


def test_soft_masks_of_all_clusters_add_up() -> None:
    labels = sequence(0).labels(2)
    masks = [soft_mask(cells_to_pixels(labels == cluster, SIZE), 12).astype(int) for cluster in np.unique(labels)]
    assert np.abs(sum(masks) - 255).max() <= len(masks)
    assert any(0 < value < 255 for value in np.unique(masks[0]))


def test_edits_are_in_the_view() -> None:
    project = named_project()
    token_map = project.document.sequence.token_map.copy()
    token_map[1, [10, 11, 14, 15]] += 1
    document = apply_edit(project.document, project.document.sequence.replace(token_map=token_map), "Colour")
    rendering = rendering_of(document)
    view = current_view(document, rendering)
    edited = cells_to_pixels(np.isin(np.arange(16), [10, 11, 14, 15]), SIZE)
    np.testing.assert_array_equal(view[~edited], document.base[~edited])
    # The border fades over one cell; the corner is beyond it.
    np.testing.assert_array_equal(view[-11:, -11:], resize(rendering.stages[1], SIZE)[-11:, -11:])
    np.testing.assert_array_equal(current_view(project.document, rendering), project.document.base)


@pytest.mark.parametrize(
    "choice", [LayerChoice(5), LayerChoice(groups=(-1,)), LayerChoice(scale=0), LayerChoice(scale=9)]
)
def test_impossible_choices_are_refused(choice: LayerChoice) -> None:
    with pytest.raises(SettingsError, match="choose 0 to 4|must be 1 to 8"):
        scene_of(named_project(), choice)


@pytest.mark.parametrize(
    ("name", "shown"),
    [(NAME, NAME), ("two\nlines\t", "two lines"), ("\x00a\x1b", "a"), ("\ud800b", "b"), ("x" * 300, "x" * 200)],
)
def test_names_are_readable(name: str, shown: str) -> None:
    assert readable(name) == shown


@pytest.mark.parametrize("kind", [Format.ORA, Format.PSD, Format.TIFF, Format.PNG])
@pytest.mark.parametrize("side", [2, 3])
def test_a_photo_smaller_than_the_grid_is_exported(kind: Format, side: int, tmp_path: Path) -> None:
    """Some cells of the 4 x 4 cover no pixel then, and so do clusters of the finest level."""
    document = open_photo(sequence(0), picture(1, side), "Open", TokenizerId("a" * 64))
    project = Project(document, "tiny", rendering_of(document))
    scene = scene_of(project, LayerChoice(DEPTH, tuple(range(DEPTH + 1))))
    assert len(visible(scene)) <= 1 + side * side
    np.testing.assert_array_equal(painted(visible(scene), side), scene.view)
    written = export(project, kind, LayerChoice(DEPTH, tuple(range(DEPTH + 1))), tmp_path, "small")
    assert written.exists()
