"""The nearest of many colours, as eyes see it."""

import numpy as np

from nvg_studio.imaging.nearest import nearest_colours

COLOURS = np.array([[0, 0, 0], [250, 10, 10], [255, 0, 0], [0, 0, 255], [255, 0, 0]], np.uint8)


def test_the_nearest_come_first_and_equal_ones_keep_their_order() -> None:
    assert nearest_colours(COLOURS, (255, 0, 0), 3).tolist() == [2, 4, 1]


def test_no_more_are_offered_than_there_are() -> None:
    assert sorted(nearest_colours(COLOURS, (9, 9, 9), 8).tolist()) == [0, 1, 2, 3, 4]
