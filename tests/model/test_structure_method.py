"""The structure method in `config.json`: absent means pairs, and what stands there is checked."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nvg_studio.errors import CheckpointError
from nvg_studio.granularity.structure_method import Halves, Pairs
from nvg_studio.model.config import ModelConfig, official, read_config, write_config
from tests.tiny import tiny_config


def with_method(config: ModelConfig, method: Pairs | Halves) -> ModelConfig:
    return replace(config, tokenizer=replace(config.tokenizer, structure_method=method))


def table(**numbers: object) -> dict[str, object]:
    return {"name": "halves", "position_weight": 1.0, "smoothing": 1, **numbers}


def test_absent_means_pairs_and_pairs_are_left_out(tmp_path: Path) -> None:
    write_config(tiny_config(), tmp_path / "config.json")
    assert "structure_method" not in json.loads((tmp_path / "config.json").read_text("utf-8"))["tokenizer"]
    assert read_config(tmp_path / "config.json").tokenizer.structure_method == Pairs()
    assert official(16).tokenizer.structure_method == Pairs()


def test_halves_keep_their_numbers(tmp_path: Path) -> None:
    config = with_method(tiny_config(), Halves(1.25, 2))
    write_config(config, tmp_path / "config.json")
    assert read_config(tmp_path / "config.json") == config


@pytest.mark.parametrize(
    "wrong",
    [
        "halves",
        {},
        table(name="thirds"),
        table(more=1),
        {"name": "halves", "smoothing": 1},
        {"name": "pairs", "smoothing": 1},
        table(position_weight=-1),
        table(position_weight=float("nan")),
        table(position_weight="1"),
        table(position_weight=True),
        table(position_weight=1e9),
        table(smoothing=1.5),
        table(smoothing=-1),
        table(smoothing=10**6),
    ],
)
def test_a_wrong_method_is_one_line(tmp_path: Path, wrong: object) -> None:
    write_config(tiny_config(), tmp_path / "config.json")
    data = json.loads((tmp_path / "config.json").read_text("utf-8"))
    data["tokenizer"]["structure_method"] = wrong
    (tmp_path / "config.json").write_text(json.dumps(data), "utf-8")
    with pytest.raises(CheckpointError) as error:
        read_config(tmp_path / "config.json")
    assert "\n" not in str(error.value)
