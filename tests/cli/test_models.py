"""`nvg-studio models` from the outside: what it prints, asks and writes."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nvg_studio.cli import main
from nvg_studio.hub.published import licence_accepted
from nvg_studio.paths import shipped_model
from nvg_studio.sampling.pipeline import NVGPipeline
from tests.goldens.reading import write_checkpoints

Run = Callable[..., str]
CHECKPOINTS = ("--autoencoder", "ae.ckpt", "--generator", "gen.ckpt")


@pytest.fixture(autouse=True)
def library(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of models, empty; nobody has accepted a licence."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(home / name))
    return home / "XDG_DATA_HOME" / "nvg-studio" / "models"


def test_models_are_listed_and_described(run: Run, model: Path, library: Path) -> None:
    run("models", "import", "--folder", model)
    first, second, *rest = run("models", "list").splitlines()
    assert first.startswith("flowers: flowers-128-halves, 128 x 128 pixels, 16 x 16 cells, 5 classes, 44.")
    assert second.startswith("tiny: tiny, 16 x 16 pixels, 8 x 8 cells, 2 classes") and str(library) in second
    assert [line.split(":")[0] for line in rest] == ["d16", "d20", "d24"]
    described = run("models", "info", "tiny")
    identity = NVGPipeline.from_pretrained(model, device="cpu").info.identity
    for fact in (
        identity.model,
        identity.tokenizer,
        "2: rose, tulip",
        "parameters:  ",
        "content ",
        "structure_steps 2",
        "MB on disk",
    ):
        assert fact in described
    assert run("models", "info").startswith("name:        flowers-128-halves")


def test_a_damaged_model_is_listed_as_such(run: Run, model: Path, library: Path) -> None:
    run("models", "import", "--folder", model)
    (library / "tiny" / "config.json").write_text("{")
    assert "tiny: " in (listed := run("models", "list")) and "not valid JSON" in listed


@pytest.mark.parametrize("ema", [True, False])
def test_import_makes_a_model_folder(run: Run, tmp_path: Path, ema: bool) -> None:
    write_checkpoints(tmp_path)
    assert "nvg-gen, 256 x 256 pixels" in run("models", "import", *CHECKPOINTS, *([] if ema else ["--no-ema"]), "new")
    published = NVGPipeline.from_official("ae.ckpt", "gen.ckpt", ema=ema, device="cpu")
    assert NVGPipeline.from_pretrained("new", device="cpu").info.identity.model == published.info.identity.model


@pytest.mark.parametrize("name", ["ae.ckpt", "gen.ckpt"])
def test_a_truncated_checkpoint_is_one_line(refused: Run, tmp_path: Path, name: str) -> None:
    write_checkpoints(tmp_path)
    os.truncate(name, Path(name).stat().st_size // 2)
    assert f"'{name}' is damaged" in refused("models", "import", *CHECKPOINTS, "new")
    assert {path.name for path in tmp_path.iterdir()} == {"ae.ckpt", "gen.ckpt"}


def test_download_from_a_mirror_shows_the_licence_once(run: Run, tmp_path: Path, library: Path) -> None:
    write_checkpoints(tmp_path)
    (tmp_path / "gen.ckpt").rename(tmp_path / "d16.ckpt")
    said = run("models", "download", "d16", "--from", ".", "--accept-licence")
    assert "non-commercial" in said
    assert said.splitlines()[-1].startswith("nvg-d16, 256 x 256 pixels, 16 x 16 cells")
    assert run("models", "download", "d16", "--from", "nowhere") == said.splitlines()[-1] + "\n"
    assert "d16: " not in run("models", "list").split("nvg-d16: ")[0]
    assert "S-Lab License 1.0" in run("models", "info", "d16")
    assert run("models", "remove", "d16") == f"Removed {library / 'nvg-d16'}\n"
    assert list(library.iterdir()) == []


def test_whoever_declines_the_licence_downloads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], library: Path
) -> None:
    for answer, code in (("n\n", 2), ("", 130)):
        with (tmp_path / "answer").open("w+") as file:
            file.write(answer)
            file.seek(0)
            monkeypatch.setattr(sys, "stdin", file)
            assert main(["models", "download", "d16", "--from", str(tmp_path)]) == code
        assert "S-Lab License 1.0" in capsys.readouterr().out
    assert not licence_accepted() and not library.exists()


def test_without_a_connection_one_line_says_how(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: (_ for _ in ()).throw(OSError(-2, "no such host")))
    assert main(["models", "download", "d16", "--accept-licence"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "No connection" in line and "ae.ckpt and d16.ckpt" in line and "models download d16 --from FOLDER" in line


def test_export_asks_for_what_the_card_lacks(run: Run, model: Path) -> None:
    assert "fill in data in its README.md" in run("models", "export", model, "out", "--licence", "cc0-1.0")
    assert "license: cc0-1.0" in Path("out", "README.md").read_text()
    assert NVGPipeline.from_pretrained("out", device="cpu").info.name == "tiny"


def test_a_model_is_used_by_its_name(run: Run, model: Path) -> None:
    run("models", "import", "--folder", model)
    run("generate", "--model", "tiny", "--class", "rose", "a.png")
    by_name = Path("a.png").read_bytes()
    shutil.move("a.png", "b.png")
    run("generate", "--model", model, "--class", "rose", "a.png")
    assert Path("a.png").read_bytes() == by_name
    assert NVGPipeline.from_pretrained("flowers", device="cpu").info.folder == str(shipped_model())
