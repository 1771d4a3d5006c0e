"""Structures from other sources than the model: trees over the cells whose first levels hold the regions."""

from pathlib import Path

import numpy as np
import pytest

from nvg_studio.editor.reference.structure_source import ReferenceChoices, Source, segmented
from nvg_studio.errors import PictureError
from nvg_studio.imaging.label_maps import LabelMap, read_label_map
from nvg_studio.project.export.export import export
from nvg_studio.project.export.kinds import Format, LayerChoice
from tests.imaging.test_regions import disc, quarters
from tests.project.documents import CELLS
from tests.project.scenes import named_project


@pytest.mark.parametrize("source", [Source.SUPERPIXELS, Source.COLOURS])
def test_counted_regions_fill_the_first_levels(source: Source) -> None:
    found = segmented(ReferenceChoices(source, count=4), quarters()[0], None, 256)
    assert found.sequence.cells == 256
    assert found.levels == (found.regions - 1).bit_length()
    assert len(np.unique(found.sequence.labels(found.levels))) == found.regions
    assert not found.content


def test_a_box_gives_the_thing_and_the_rest_at_level_one() -> None:
    picture, truth = disc()
    found = segmented(ReferenceChoices(Source.BOX, box=(0.1, 0.15, 0.85, 0.9)), picture, None, 256)
    assert (found.levels, found.regions) == (1, 2)
    inside = truth[3::6, 3::6].reshape(-1)
    labels = found.sequence.labels(1)
    assert max((labels == inside).mean(), (labels != inside).mean()) > 0.95


def test_a_map_needs_no_picture_and_pairs_neighbours_first() -> None:
    columns = np.repeat([[5, 9, 2, 4]], 4, axis=0)
    found = segmented(ReferenceChoices(Source.FILE), None, LabelMap(columns), 256)
    assert (found.levels, found.regions) == (2, 4)
    halves = found.sequence.labels(1).reshape(16, 16)
    assert (halves[:, :8] == halves[0, 0]).all() and (halves[:, 8:] != halves[0, 0]).all()


def test_a_map_of_one_label_is_one_region_of_one_level() -> None:
    found = segmented(ReferenceChoices(Source.FILE), None, LabelMap(np.zeros((5, 5), int)), 256)
    assert (found.levels, found.regions) == (1, 1)


def test_an_exported_tree_comes_back_as_it_was(tmp_path: Path) -> None:
    project = named_project()
    export(project, Format.PNG, LayerChoice(), tmp_path, "")
    label_map = read_label_map(tmp_path / "labels.npz")
    found = segmented(ReferenceChoices(Source.FILE), None, label_map, CELLS)
    assert np.array_equal(found.sequence.bits, project.document.sequence.bits) and found.levels == 4
    # On another grid the regions of the chosen levels are paired anew.
    other = segmented(ReferenceChoices(Source.FILE, levels=1), None, label_map, 256)
    assert (other.levels, other.regions) == (1, 2)
    halves = project.document.sequence.labels(1).reshape(4, 4).repeat(4, axis=0).repeat(4, axis=1).reshape(-1)
    labels = other.sequence.labels(1)
    assert np.array_equal(labels, halves) or np.array_equal(labels, 1 - halves)


def test_a_useless_box_is_refused() -> None:
    with pytest.raises(PictureError, match="too small"):
        segmented(ReferenceChoices(Source.BOX, box=(0, 0, 0.001, 0.001)), disc()[0], None, 256)
