"""Bringing models in: a mirror of the published files, checkpoints, folders; nothing half done stays behind."""

import hashlib
import json
import os
from pathlib import Path

import pytest
import torch

from nvg_studio.errors import CheckpointError, HubError
from nvg_studio.hub.install import install_checkpoints, install_folder, install_published, safe_name
from nvg_studio.hub.library import facts, origin
from nvg_studio.hub.progress import Progress, quiet
from nvg_studio.hub.published import accept_licence, licence_accepted
from nvg_studio.model.checkpoint import load_model
from nvg_studio.model.official import load_official
from tests.goldens.reading import write_checkpoints


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the repository; the generator is a small one."""
    folder = tmp_path_factory.mktemp("mirror")
    write_checkpoints(folder)
    (folder / "gen.ckpt").rename(folder / "d16.ckpt")
    return folder


@pytest.mark.slow
def test_a_mirror_gives_the_published_model_once(mirror: Path, library: Path, reports: list[Progress]) -> None:
    accept_licence()
    folder = install_published("d16", mirror, reports.append)
    assert folder == library / "nvg-d16"
    loaded = load_model(folder)
    assert loaded.identity == load_official(mirror / "ae.ckpt", mirror / "d16.ckpt").identity
    sums = {name: hashlib.sha256((mirror / name).read_bytes()).hexdigest() for name in ("ae.ckpt", "d16.ckpt")}
    assert origin(folder)["sha256"] == sums
    assert origin(folder)["licence"] == "S-Lab License 1.0"
    assert "Converting d16.ckpt" in {report.text for report in reports}
    assert install_published("d16", Path("nowhere"), quiet) == folder  # it is there: nothing is asked of the mirror


def test_no_licence_no_model(mirror: Path, library: Path) -> None:
    assert not licence_accepted()
    with pytest.raises(HubError, match="not accepted yet"):
        install_published("d16", mirror, quiet)
    assert not library.exists()


def test_a_mirror_without_a_file_names_it(mirror: Path, library: Path) -> None:
    accept_licence()
    with pytest.raises(HubError, match=r"no d20\.ckpt in .*--from FOLDER"):
        install_published("d20", mirror, quiet)
    with pytest.raises(HubError, match="choose d16, d20, d24"):
        install_published("d32", mirror, quiet)
    assert not library.exists()


def test_the_tensors_are_those_of_the_averaged_copy_alone(mirror: Path, tmp_path: Path) -> None:
    averaged = install_checkpoints(mirror / "ae.ckpt", mirror / "d16.ckpt", True, tmp_path / "averaged", quiet)
    raw = install_checkpoints(mirror / "ae.ckpt", mirror / "d16.ckpt", False, tmp_path / "raw", quiet)
    state = torch.load(mirror / "d16.ckpt", weights_only=True)["state_dict"]
    for folder, prefix in ((averaged, "ema_model.nvgformer."), (raw, "nvgformer.")):
        kept = load_model(folder).generator.content.class_embed.weight
        assert torch.equal(kept, state[prefix + "content_class_embed.weight"])
    assert facts(averaged).size < (mirror / "d16.ckpt").stat().st_size + (mirror / "ae.ckpt").stat().st_size


@pytest.mark.parametrize("name", ["ae.ckpt", "d16.ckpt"])
def test_a_damaged_checkpoint_leaves_nothing_behind(mirror: Path, library: Path, tmp_path: Path, name: str) -> None:
    files = {file: tmp_path / file for file in ("ae.ckpt", "d16.ckpt")}
    for file, path in files.items():
        path.write_bytes((mirror / file).read_bytes())
    os.truncate(files[name], files[name].stat().st_size // 2)
    with pytest.raises(CheckpointError, match="damaged"):
        install_checkpoints(files["ae.ckpt"], files["d16.ckpt"], True, None, quiet)
    assert list(library.iterdir()) == []


def test_a_folder_is_checked_and_copied(tiny: Path, library: Path) -> None:
    folder = install_folder(tiny, None, quiet)
    assert folder == library / "tiny"
    assert load_model(folder).identity == load_model(tiny).identity
    with pytest.raises(CheckpointError, match="exists and is not an empty folder"):
        install_folder(tiny, None, quiet)
    os.truncate(tiny / "generator.safetensors", 1000)
    with pytest.raises(CheckpointError, match="damaged"):
        install_folder(tiny, library / "other", quiet)
    assert [path.name for path in library.iterdir()] == ["tiny"]


def test_a_name_from_a_stranger_stays_in_the_library(tiny: Path, library: Path) -> None:
    data = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(data | {"name": "../../etc/x"}))
    assert install_folder(tiny, None, quiet).parent == library
    assert [safe_name(name) for name in ("", "..", "/", "my pets", "é")] == ["model"] * 3 + ["my-pets", "é"]


def test_a_full_disk_is_one_line(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(HubError, match="Cannot write .*No space left on device"):
        install_folder(tiny, tmp_path / "new", quiet)
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".partial*"))
