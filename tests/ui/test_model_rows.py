"""The rows of the list of models: what is known, in words."""

from dataclasses import replace
from pathlib import Path

from nvg_studio.engine.scripted import SCRIPTED_INFO
from nvg_studio.hub.library import DamagedModel, facts
from nvg_studio.hub.progress import Progress
from nvg_studio.paths import shipped_model
from nvg_studio.ui.view_models.model_rows import below_home, model_rows, percent, progress_text

FLOWERS = facts(shipped_model())


def test_the_loaded_model_says_where_it_computes() -> None:
    info = replace(SCRIPTED_INFO, folder=str(shipped_model()), device="cuda", dtype="bfloat16")
    row = model_rows((FLOWERS,), info)[0]
    assert row.in_use and not row.usable and row.detail.startswith("In use · 128 pixels · 5 classes · ")
    assert row.facts["Device"] == "CUDA, bfloat16"
    assert row.facts["Classes"] == "daisy, dandelion, rose, sunflower, tulip"
    assert row.facts["Parameters"].startswith(f"{FLOWERS.total / 1e6:.3g} million (tokenizer ")


def test_other_models_may_be_used_and_ones_own_removed() -> None:
    row = model_rows((replace(FLOWERS, own=True),), SCRIPTED_INFO)[0]
    assert row.usable and row.removable and row.facts["Device"] == "Not loaded"
    assert not model_rows((FLOWERS,), None)[0].removable


def test_published_models_are_offered_until_they_are_here() -> None:
    here = replace(FLOWERS, folder=Path("/x/nvg-d20"))
    assert [row.published for row in model_rows((here,), None)] == ["", "d16", "d24"]
    assert model_rows((), None)[0].facts["Size"].startswith("1.72 GB")


def test_a_damaged_model_says_why() -> None:
    row = model_rows((DamagedModel(Path("/x/bad"), "'config.json' is not valid JSON."),), None)[0]
    assert not row.usable and row.facts["Problem"] == "'config.json' is not valid JSON."


def test_many_classes_are_cut_short() -> None:
    many = replace(FLOWERS, class_names=tuple(f"c{n}" for n in range(1000)))
    assert model_rows((many,), None)[0].facts["Classes"] == "c0, c1, c2, c3, c4, c5, c6, c7 and 992 more"


def test_work_in_words() -> None:
    assert progress_text(Progress("Converting d16.ckpt")) == "Converting d16.ckpt…"
    assert progress_text(Progress("Downloading", 1_500_000, 3_000_000_000)) == "Downloading: 1.5 MB of 3.00 GB"
    assert [percent(Progress("", 0, 0)), percent(Progress("", 1, 3)), percent(Progress("", 5, 4))] == [None, 33, 100]


def test_the_home_folder_is_not_named() -> None:
    assert below_home(Path.home() / "models") == str(Path("~/models"))
