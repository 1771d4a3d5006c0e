"""Settings, model facts and requests as values."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from nvg_studio.engine.scripted import SCRIPTED_INFO
from nvg_studio.errors import SettingsError
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import ModelId
from nvg_studio.sampling.settings import GenerationSettings, RunRequest

DEFAULTS = SCRIPTED_INFO.defaults
FULL = GenerationSettings(3, 2**63 - 1, (1.0, 3.5), (0.0, 2.5), 25, (1.0, 0.5), 900, 0.7, True, False)
FLOWERS = SCRIPTED_INFO
MANY = dataclasses.replace(FLOWERS, class_names=tuple(f"animal {i}" for i in range(1000)))


def test_resolved_fills_what_is_unset_and_only_that() -> None:
    settings = GenerationSettings(seed=4, top_p=(0.9, 0.9), greedy=True)
    resolved = settings.resolved(DEFAULTS)
    assert resolved == dataclasses.replace(DEFAULTS, seed=4, top_p=(0.9, 0.9), greedy=True)
    assert resolved.class_id is None
    assert FULL.resolved(DEFAULTS) == FULL


@pytest.mark.parametrize("settings", [GenerationSettings(), FULL, DEFAULTS])
def test_settings_survive_json(settings: GenerationSettings) -> None:
    assert GenerationSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    settings.check(classes=5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"class_id": -1},
        {"class_id": 1.0},
        {"seed": -1},
        {"seed": 2**63},
        {"seed": True},
        {"seed": None},
        {"content_guidance": 3.0},
        {"content_guidance": (1.0, 2.0, 3.0)},
        {"content_guidance": (1.0, float("nan"))},
        {"structure_guidance": (-0.1, 1.0)},
        {"structure_steps": 0},
        {"structure_steps": 1001},
        {"top_p": (1.0, 0.0)},
        {"top_p": (1.1, 0.5)},
        {"top_k": -1},
        {"temperature": 0},
        {"temperature": float("inf")},
        {"gumbel_split": 1},
        {"greedy": "yes"},
    ],
)
def test_wrong_value_is_named_in_one_line(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(SettingsError, match=name) as caught:
        GenerationSettings(**wrong).check(classes=5)
    assert "\n" not in str(caught.value)
    if wrong != {"seed": None}:
        with pytest.raises(SettingsError, match=name):
            GenerationSettings.from_dict(wrong)


def test_class_beyond_the_model_is_refused() -> None:
    GenerationSettings(class_id=4).check(classes=5)
    with pytest.raises(SettingsError, match="5 classes: use 0 to 4"):
        GenerationSettings(class_id=5).check(classes=5)
    with pytest.raises(SettingsError, match="no classes"):
        GenerationSettings(class_id=0).check(classes=0)


def test_unknown_setting_is_refused() -> None:
    with pytest.raises(SettingsError, match="Unknown setting colour"):
        GenerationSettings.from_dict({"colour": 1})
    with pytest.raises(SettingsError, match="not list"):
        GenerationSettings.from_dict([1])  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "number"), [("roses", 2), ("Rose", 2), (" tulip ", 4), ("dai", 0), ("3", 3)])
def test_class_by_name_beginning_or_number(text: str, number: int) -> None:
    assert FLOWERS.class_named(text) == number


def test_class_by_its_plural() -> None:
    assert FLOWERS.class_named("dandelions") == 1


def test_exact_name_beats_a_longer_one() -> None:
    info = dataclasses.replace(FLOWERS, class_names=("rosehip", "rose"))
    assert info.class_named("rose") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [("da", "Ambiguous"), ("lily", "Unknown"), ("", "Unknown"), ("5", "Unknown"), ("-1", "Unknown"), ("²", "Unknown")],
)
def test_wrong_class_lists_the_choices(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"{words} class.*daisy, dandelion"):
        FLOWERS.class_named(text)


def test_wrong_class_among_many_names_a_few() -> None:
    with pytest.raises(SettingsError, match="0 to 999") as caught:
        MANY.class_named("animl 7")
    assert "animal 7" in str(caught.value)
    assert len(str(caught.value)) < 200


def test_requests_are_equal_by_value() -> None:
    mask = np.arange(256) < 9

    def request(seed: int, stage: int = 2) -> RunRequest:
        locks = Locks.none(256, 8).with_content(mask)
        settings = (GenerationSettings(seed=seed),)
        return RunRequest(GranularitySequence.blank(256, 8), stage, locks, settings, ModelId("ab"))

    assert request(1) == request(1)
    assert hash(request(1)) == hash(request(1))
    assert request(1) != request(2)
    assert request(1) != request(1, stage=3)


def test_request_that_makes_no_sense_is_refused() -> None:
    blank = GranularitySequence.blank(256, 8)
    for stage in (-1, 9, True):
        with pytest.raises(SettingsError, match="0 to 8"):
            RunRequest(blank, stage, None, (GenerationSettings(),), ModelId("ab"))
    with pytest.raises(SettingsError, match="one for each variation"):
        RunRequest(blank, 0, None, (), ModelId("ab"))
