"""View modes, palettes, the divider, the cell grid, the hover line, and documents of six levels."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from nvg_studio.editor.choices import Palette, ViewMode
from nvg_studio.engine.scripted import SCRIPTED_INFO, ScriptedEngine
from nvg_studio.granularity import edits
from nvg_studio.imaging.cells import cell_means
from nvg_studio.imaging.draw import label_colours, mean_colours, safe_colours
from nvg_studio.ui.canvas.draw import GRID_FROM
from tests.ui.driver import Studio, model_folder, no_threads_left
from tests.ui.test_tools import freely


def before_side(studio: Studio) -> np.ndarray | None:
    """The picture on the left of the divider."""
    studio.settle()
    return studio.window.comparison.picture


def test_the_wipe_compares_an_edit_with_the_last_result(studio: Studio) -> None:
    photo = studio.session.base
    studio.trigger("view.wipe")
    assert np.array_equal(before_side(studio), photo)
    freely(studio, size=5)
    studio.stroke([(4.5, 4.5), (10.5, 10.5)])
    studio.until(lambda: not np.array_equal(studio.window.displayed.picture, photo))
    assert np.array_equal(before_side(studio), photo)
    studio.press_card(1)
    studio.settle()
    assert not np.array_equal(studio.session.base, photo)
    assert np.array_equal(before_side(studio), photo)
    first = studio.session.base
    studio.trigger("run.again")
    studio.settle()
    assert np.array_equal(before_side(studio), first)
    studio.trigger("view.picture")
    studio.settle()
    assert studio.window.comparison.picture is None


@pytest.mark.parametrize("mode", list(ViewMode))
def test_every_view_mode_leaves_the_document_and_can_be_painted_in(studio: Studio, mode: ViewMode) -> None:
    before = studio.session.document
    studio.trigger(f"view.{mode}")
    studio.settle()
    assert studio.session.document is before and studio.window.canvas.layers.mode is mode
    freely(studio, level=2, size=2)
    x, y = next((x + 0.5, y + 0.5) for y, x in np.argwhere(studio.labels(2) == 1) if abs(x - 8) > 2)
    studio.click(x, y)
    painted = edits.changed_cells(before.sequence, studio.snapshot.sequence, 2).reshape(16, 16)
    assert painted[int(y), int(x)] and studio.labels(2)[int(y), int(x)] == 0
    assert studio.session.lowest_changed_level == 2


@pytest.mark.parametrize("tool", ["brush", "select", "fill", "hand"])
def test_the_divider_is_dragged_whatever_the_tool(studio: Studio, tool: str) -> None:
    studio.trigger("view.wipe")
    studio.choose(tool=tool)
    studio.settle()
    document, viewport = studio.session.document, studio.window.canvas.viewport
    studio.stroke([(8.0, 3.0), (6.0, 3.0), (4.0, 5.0)])
    assert studio.window.state.choices.wipe == pytest.approx(0.25, abs=0.01)
    studio.stroke([(4.0, 3.0), (-9.0, 3.0)])
    assert studio.window.state.choices.wipe == 0
    assert studio.session.document is document and studio.window.canvas.viewport == viewport
    assert not studio.window.state.choices.selected


def test_away_from_the_divider_tools_work_as_ever(studio: Studio) -> None:
    studio.trigger("view.wipe")
    freely(studio)
    studio.settle()
    x, y = studio.a_cell_of(1, 1)
    studio.click(x, y)
    assert studio.labels(1)[int(y), int(x)] == 0


def test_both_sides_of_the_divider_are_drawn(studio: Studio) -> None:
    studio.choose(view=ViewMode.WIPE)
    studio.press_card(0)
    studio.settle()
    left, right = (pixel(studio, x) for x in (2.5, 13.5))
    studio.choose(wipe=1.0)
    studio.settle()
    assert pixel(studio, 2.5) == left and pixel(studio, 13.5) != right


def pixel(studio: Studio, x: float) -> int:
    """The colour on the canvas in the middle of a cell of the third row."""
    return studio.window.canvas.grab().toImage().pixel(studio.at(x, 2.5))


def test_palettes_colour_canvas_cards_and_dock_and_are_remembered(studio: Studio) -> None:
    studio.key("3")
    for palette in (Palette.SAFE, Palette.MEAN, Palette.DISTINCT):
        studio.trigger(f"view.colours_{palette}")
        studio.settle()
        labels = studio.snapshot.sequence.labels(3)
        expected = {
            Palette.SAFE: safe_colours(3),
            Palette.MEAN: mean_colours(cell_means(studio.session.base, 16), labels, 3),
            Palette.DISTINCT: label_colours(3),
        }[palette]
        assert np.array_equal(studio.window.canvas.layers.colours, expected)
        rows = [row.colour for row in studio.window.clusters.model.rows[-8:]]
        assert np.array_equal(rows, expected)
        card = studio.window.strip.cards[3].view.structure
        colour = card.pixelColor(5, 7).getRgb()[:3]
        assert colour == tuple(expected[labels[7 * 16 + 5]])
        assert studio.user_settings.preferences.palette is palette


def test_the_cell_grid_comes_with_zoom_and_can_be_switched_off(studio: Studio) -> None:
    canvas = studio.window.canvas
    assert canvas.viewport.scale < GRID_FROM
    fitted = canvas.grab().toImage()
    studio.trigger("view.cell_grid")
    studio.settle()
    assert canvas.grab().toImage() == fitted
    canvas.zoom(4.0)
    plain = canvas.grab().toImage()
    studio.trigger("view.cell_grid")
    studio.settle()
    assert canvas.grab().toImage() != plain


def test_the_status_bar_names_what_is_under_the_cursor(studio: Studio) -> None:
    studio.key("3")
    studio.hover(5.5, 7.5)
    sequence, cell = studio.snapshot.sequence, 7 * 16 + 5
    cluster = int(sequence.labels(3)[cell])
    text = studio.window.status.under_cursor.text()
    size = int((sequence.labels(3) == cluster).sum())
    for part in ("Cell 5, 7", f"cluster {cluster} of level 3", f"path {cluster:03b}", f"{size} cells"):
        assert part in text
    assert f"token {sequence.token_map[3, cell]}" in text


@pytest.fixture
def small_studio(qtbot: QtBot, tmp_path: Path, samples: list[Path]) -> Iterator[Studio]:
    """A window with a photo of 8 x 8 cells: six levels."""
    info = replace(SCRIPTED_INFO, image_size=32, grid=8, depth=6)
    with no_threads_left():
        studio = Studio(qtbot, ScriptedEngine(info), tmp_path)
        studio.load_model(model_folder(tmp_path))
        studio.open(samples[0])
        yield studio
        studio.close()


def test_six_levels_have_seven_cards_and_run_from_each(small_studio: Studio) -> None:
    studio = small_studio
    assert studio.card_states() == ["fresh"] * 7
    assert not studio.window.action_set["level.7"].isEnabled()
    studio.key("6")
    assert studio.window.state.choices.level == 6
    studio.window.state.set_level(8)
    assert studio.window.state.choices.level == 6
    freely(studio, level=3, size=2)
    studio.choose(inside_parent=False)
    studio.stroke([(1.5, 1.5), (6.5, 6.5)])
    assert studio.session.lowest_changed_level is not None
    states = studio.card_states()
    assert "edited" in states and len(states) == 7
    for stage in range(7):
        studio.press_card(stage)
        studio.settle()
        assert studio.engine.requests[-1].stage == stage  # type: ignore[attr-defined]
        assert studio.card_states() == ["fresh"] * 7
        studio.window.generate.randomize_requested.emit()
