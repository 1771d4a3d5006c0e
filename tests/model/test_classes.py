"""The names of ImageNet's classes: complete, all different, in the order of their numbers."""

import pytest

from nvg_studio.model.classes import class_names, imagenet_names
from nvg_studio.model.config import official


def test_there_are_a_thousand_different_names() -> None:
    names = imagenet_names()
    assert len(names) == len({name.casefold() for name in names}) == 1000
    assert all(name == name.strip() and name for name in names)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "tench"),
        (1, "goldfish"),
        (100, "black swan"),
        (207, "golden retriever"),
        (281, "tabby"),
        (340, "zebra"),
        (398, "abacus"),
        (497, "church"),
        (569, "garbage truck"),
        (701, "parachute"),
        (817, "sports car"),
        (914, "yawl"),
        (954, "banana"),
        (972, "cliff"),
        (980, "volcano"),
        (985, "daisy"),
        (999, "toilet tissue"),
    ],
)
def test_known_numbers_have_their_names(number: int, name: str) -> None:
    assert official(16).class_names[number] == name


def test_other_numbers_of_classes_have_plain_names() -> None:
    assert class_names(3) == ("class 0", "class 1", "class 2")
