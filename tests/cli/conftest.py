"""A tiny random model, and commands run in a temporary folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nvg_studio.cli import main
from nvg_studio.sampling.pipeline import NVGPipeline
from tests.tiny import save_tiny_model

Run = Callable[..., str]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model with the classes rose and tulip."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_tiny_model(folder)
    return folder


@pytest.fixture(scope="session")
def pipeline(model: Path) -> NVGPipeline:
    return NVGPipeline.from_pretrained(model, device="cpu")


@pytest.fixture
def run(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command that succeeds, in a temporary folder; what it printed."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object, code: int = 0) -> str:
        wanted = [str(argument) for argument in arguments]
        if wanted[0] in ("generate", "encode", "transfer", "export", "bench"):
            wanted += [] if "--model" in wanted else ["--model", str(model)]
            wanted += [] if "--device" in wanted else ["--device", "cpu"]
        assert main(wanted) == code
        out, err = capsys.readouterr()
        assert (err == "") == (code == 0), err
        return out or err

    return command


@pytest.fixture
def refused(run: Run) -> Run:
    """Run a command that is refused; the one line it says."""

    def command(*arguments: object, code: int = 2) -> str:
        line = run(*arguments, code=code)
        assert line.startswith("nvg-studio: ")
        assert line.count("\n") == 1
        return line

    return command
