"""What is on this machine, by name and by header."""

from pathlib import Path

import pytest

from nvg_studio.errors import CheckpointError, HubError
from nvg_studio.hub.install import install_folder
from nvg_studio.hub.library import facts, find, folders, origin, remove
from nvg_studio.hub.progress import quiet
from nvg_studio.hub.publish import Answers, export_model
from nvg_studio.model.checkpoint import load_model
from nvg_studio.paths import shipped_model
from tests.tiny import save_tiny_model


def test_the_header_tells_the_sizes_of_the_networks(tiny: Path) -> None:
    known, networks = facts(tiny), load_model(tiny)
    parts = {
        "tokenizer": networks.tokenizer,
        "content": networks.generator.content,
        "structure": networks.generator.structure,
    }
    assert known.parameters == {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()}
    assert known.total == sum(known.parameters.values())
    assert known.size == sum(path.stat().st_size for path in tiny.iterdir())
    assert (known.name, known.image_size, known.grid, known.class_names) == ("tiny", 16, 8, ("rose", "tulip"))
    assert not known.own


def test_models_are_found_by_folder_and_by_name(tiny: Path, library: Path) -> None:
    assert find(str(tiny)) == tiny
    assert find("flowers") == shipped_model()
    install_folder(tiny, library / "nvg-d16", quiet)
    assert find("d16") == find("nvg-d16") == library / "nvg-d16"
    assert folders() == [shipped_model(), library / "nvg-d16"]
    with pytest.raises(CheckpointError, match=r"'rembrandt'.*flowers, nvg-d16"):
        find("rembrandt")


def test_only_what_is_in_the_library_can_be_removed(tiny: Path, library: Path) -> None:
    install_folder(tiny, None, quiet)
    assert facts(library / "tiny").own
    remove(library / "tiny")
    assert list(library.iterdir()) == []
    for folder in (tiny, shipped_model()):
        with pytest.raises(HubError, match="delete it yourself"):
            remove(folder)
        assert folder.is_dir()


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000])
def test_a_wrong_origin_says_nothing(tiny: Path, text: str) -> None:
    (tiny / "origin.json").write_text(text)
    assert origin(tiny) == {}


def test_unfinished_folders_are_no_models(tiny: Path, library: Path) -> None:
    library.mkdir(parents=True)
    tiny.rename(library / ".partial-tiny")
    assert folders() == [shipped_model()]


def test_a_few_step_network_is_counted_and_copied(library: Path, tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "quick", few_step=True)
    known = facts(tmp_path / "quick")
    assert known.parameters["few-step"] > known.parameters["structure"]
    install_folder(tmp_path / "quick", None, quiet)
    copied = facts(library / "tiny")
    assert (copied.parameters, copied.size) == (known.parameters, known.size)


def test_a_preview_decoder_is_counted_copied_and_exported(library: Path, tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "seen", preview=True)
    known = facts(tmp_path / "seen")
    assert known.parameters["preview"] > 10_000
    install_folder(tmp_path / "seen", None, quiet)
    export_model(library / "tiny", tmp_path / "out", Answers(), quiet)
    assert facts(tmp_path / "out").parameters == known.parameters
    assert "preview parameters" in (tmp_path / "out" / "README.md").read_text("utf-8")
