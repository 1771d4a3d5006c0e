"""A published folder: loads again, and its card says what the files say and asks what they do not."""

from pathlib import Path

import pytest
import yaml

from nvg_studio.errors import CheckpointError
from nvg_studio.hub.library import facts
from nvg_studio.hub.progress import quiet
from nvg_studio.hub.publish import Answers, export_model, megabytes, model_card
from nvg_studio.model.checkpoint import load_model


def test_an_exported_model_is_the_model(tiny: Path, tmp_path: Path) -> None:
    target = export_model(tiny, tmp_path / "out", Answers("cc-by-4.0", "Two hundred photos of my own"), quiet)
    assert load_model(target).identity == load_model(tiny).identity
    assert {path.name for path in target.iterdir()} == {path.name for path in tiny.iterdir()} | {"README.md"}
    card = (target / "README.md").read_text()
    assert "Two hundred photos of my own" in card
    assert f"| content parameters | {facts(tiny).parameters['content']:,} |" in card
    with pytest.raises(CheckpointError, match="not an empty folder"):
        export_model(tiny, target, Answers(), quiet)


@pytest.mark.parametrize(
    ("licence", "known"), [("CC-BY-4.0", "cc-by-4.0"), ("mine: ask me", "other"), ("", "other"), ("a\nb: c", "other")]
)
def test_the_header_is_yaml_whatever_the_licence(tiny: Path, licence: str, known: str) -> None:
    card = model_card(facts(tiny), Answers(licence))
    header = yaml.safe_load(card.split("---\n")[1])
    assert header["license"] == known
    assert licence in card


def test_what_nobody_said_is_to_be_filled_in(tiny: Path) -> None:
    assert model_card(facts(tiny), Answers()).count("To be filled in") == 2


def test_sizes_in_words() -> None:
    assert [megabytes(15_600_000), megabytes(1_720_000_000)] == ["15.6 MB", "1.72 GB"]
