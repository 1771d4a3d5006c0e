"""The command line on a tiny random model: what it writes, and one line for everything that can go wrong."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nvg_studio.cli import main
from nvg_studio.cli.options import ModelChoice
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.structure_method import HALVES
from nvg_studio.ids import ModelId
from nvg_studio.imaging.crop import square_crop
from nvg_studio.imaging.read import read_image
from nvg_studio.project.document import open_photo
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.storage import project_file
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings
from tests.tiny import save_tiny_model

Run = Callable[..., str]


def test_same_seed_gives_the_same_bytes(run: Run) -> None:
    for name in ("a.png", "b.png"):
        run("generate", "--class", "rose", "--seed", 3, name)
    run("generate", "--class", "rose", "--seed", 4, "c.png")
    run("generate", "--class", "tulip", "--seed", 3, "d.png")
    first, again, seed, kind = (Path(f"{name}.png").read_bytes() for name in "abcd")
    assert first == again
    assert len({first, seed, kind}) == 3


def test_generate_is_the_pipeline_and_says_how(run: Run, pipeline: NVGPipeline) -> None:
    options = ["--guidance", "1,2.5", "--structure-guidance", 2, "--steps", 3, "--top-p", 0.9, "--top-k", 7]
    run("generate", "--class", "Tulip", "--seed", 5, *options, "--temperature", 0.8, "--gumbel-split", "a.png")
    settings = GenerationSettings(1, 5, (1.0, 2.5), (2.0, 2.0), 3, (0.9, 0.9), 7, 0.8, True)
    with Image.open("a.png") as image:
        assert np.array_equal(np.asarray(image), pipeline.decode(pipeline.generate(settings)))
        facts = json.loads(image.info["Generation"])
    assert facts.pop("model_id") == pipeline.info.identity.model
    assert facts.pop("model") == "tiny"
    assert GenerationSettings.from_dict(facts) == settings.resolved(pipeline.info.defaults)


def test_project_holds_the_request(run: Run, pipeline: NVGPipeline) -> None:
    run("generate", "--class", 0, "--seed", 2, "a.nvgs")
    document = project_file.load("a.nvgs").document
    assert document.sequence == pipeline.generate(GenerationSettings(class_id=0, seed=2))
    assert np.array_equal(document.base, pipeline.decode(document.sequence))
    request = document.snapshot.request
    assert request is not None
    assert request.settings == (GenerationSettings(class_id=0, seed=2).resolved(pipeline.info.defaults),)
    assert (request.model, request.device, request.dtype) == (pipeline.info.identity.model, "cpu", "float32")


def test_variations_have_numbered_names(run: Run) -> None:
    assert run("generate", "--count", 10, "a.png").split() == [
        word for number in range(1, 11) for word in ("Wrote", f"a-{number:02}.png")
    ]
    pictures = {Path(f"a-{number:02}.png").read_bytes() for number in range(1, 11)}
    assert len(pictures) == 10
    assert not Path("a.png").exists()


def test_encode_opens_a_photo(run: Run, pipeline: NVGPipeline, samples: list[Path]) -> None:
    run("encode", samples[0], "photo.nvgs")
    document, crop = project_file.load("photo.nvgs").document, square_crop(read_image(samples[0]))
    assert document.sequence == pipeline.encode(crop)
    assert np.array_equal(document.base, crop)
    assert document.snapshot.title == samples[0].name
    assert document.snapshot.tokenizer == pipeline.info.identity.tokenizer


def test_the_structure_method_can_be_chosen(run: Run, pipeline: NVGPipeline, samples: list[Path]) -> None:
    photo = read_image(samples[0])
    own, halves = pipeline.encode(photo), pipeline.encode(photo, HALVES)
    assert own != halves
    run("encode", samples[0], "photo.nvgs", "--structure-method", "halves")
    assert project_file.load("photo.nvgs").document.sequence == pipeline.encode(square_crop(photo), HALVES)
    run("transfer", "--structure", samples[0], "--levels", "1-3", "--structure-method", "halves", "a.nvgs")
    assert np.array_equal(project_file.load("a.nvgs").document.sequence.bits[:, :3], halves.bits[:, :3])


def test_transfer_keeps_the_layout_of_the_photo(run: Run, pipeline: NVGPipeline, samples: list[Path]) -> None:
    run("transfer", "--structure", samples[0], "--levels", "1-3", "--class", "tulip", "--content-stages", 2, "a.nvgs")
    made, photo = project_file.load("a.nvgs").document.sequence, pipeline.encode(read_image(samples[0]))
    assert np.array_equal(made.bits[:, :3], photo.bits[:, :3])
    assert np.array_equal(made.token_map[:2], photo.token_map[:2])
    assert not np.array_equal(made.bits[:, 3:], photo.bits[:, 3:])
    assert not np.array_equal(made.token_map[2:], photo.token_map[2:])


def test_transfer_inside_a_mask(run: Run, pipeline: NVGPipeline, samples: list[Path]) -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[:, :32] = 255
    Image.fromarray(mask).save("mask.png")
    run("transfer", "--structure", samples[0], "--levels", 4, "--mask", "mask.png", "a.nvgs")
    made, photo = project_file.load("a.nvgs").document.sequence, pipeline.encode(read_image(samples[0]))
    left = np.arange(64) % 8 < 4
    assert np.array_equal(made.bits[left, :4], photo.bits[left, :4])
    assert not np.array_equal(made.bits[~left, :4], photo.bits[~left, :4])


def test_export_writes_every_stage(run: Run, pipeline: NVGPipeline) -> None:
    run("generate", "a.nvgs")
    run("export", "a.nvgs", "--format", "png", "out/")
    sequence = project_file.load("a.nvgs").document.sequence
    for stage in range(7):
        with Image.open(f"out/stage_{stage}.png") as image:
            assert np.array_equal(np.asarray(image), pipeline.decode(sequence, stage=stage))


def test_export_in_every_format(run: Run) -> None:
    run("generate", "a.nvgs")
    for kind, name in (("ora", "a.ora"), ("psd", "a.psd"), ("tiff", "a.tif"), ("strip", "a-strip.png")):
        assert run("export", "a.nvgs", "--format", kind, "--scale", 2, "out").strip() == f"Wrote out/{name}"
        assert Path("out", name).stat().st_size > 1000
    with Image.open("out/a.psd") as image:
        assert image.size == (32, 32)


def test_the_exported_picture_is_a_work_too(run: Run) -> None:
    run("generate", "a.nvgs")
    run("export", "a.nvgs", "--format", "picture", "out")
    run("export", "out/a.png", "--format", "ora", "--groups", "none", "--level", 1, "again")
    assert Path("again/a.ora").exists()


def test_export_needs_no_model_where_the_stages_are_in_the_file(run: Run) -> None:
    run("generate", "a.nvgs")
    run("export", "a.nvgs", "--format", "ora", "--model", "nowhere", "out")
    assert Path("out/a.ora").exists()


def test_export_decodes_what_is_missing(run: Run, pipeline: NVGPipeline) -> None:
    run("generate", "a.nvgs")
    project = project_file.load("a.nvgs")
    project_file.save(replace(project, rendering=None), "bare.nvgs")
    for name in ("a", "bare"):
        run("export", f"{name}.nvgs", "--format", "tiff", name)
    assert Path("a/a.tif").read_bytes() == Path("bare/bare.tif").read_bytes()


def test_project_of_another_model_is_not_decoded(refused: Run, run: Run, tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "other", seed=1)
    run("generate", "--model", "other", "a.nvgs")
    project_file.save(replace(project_file.load("a.nvgs"), rendering=None), "a.nvgs")
    assert "made with the model tiny, not with" in refused("export", "a.nvgs", "out")


@pytest.mark.slow
def test_bench_measures_every_stage(run: Run) -> None:
    table = run("bench", "--repeats", 1, "--json", "times.json")
    assert "tiny" in table
    assert "MiB at most" in table
    report = json.loads(Path("times.json").read_text())
    assert [entry["stage"] for entry in report["stages"]] == list(range(7))
    assert [entry["stage"] for entry in report["run_from"]] == list(range(7))
    assert all(entry["content_s"] > 0 and entry["decode_s"] > 0 for entry in report["stages"])
    # There is no split after the last stage.
    assert [entry["structure_s"] > 0 for entry in report["stages"]] == [True] * 6 + [False]
    assert {row["what"] for row in report["reference"]["rows"]} >= {"generation, 25 Euler steps", "decode"}
    assert all(row["reference_s"] > 0 and row["engine_s"] > 0 for row in report["reference"]["rows"])
    assert report["reference"]["agreement"]["equal_tokens"] == report["reference"]["agreement"]["equal_bits"] == 1
    assert report["memory"]["engine_mib"] > 0
    assert all(report[name] > 0 for name in ("load_s", "encode_s", "clustering_s", "generate_s", "peak_memory_mib"))
    assert report["device"] == "cpu"


def test_train_hands_its_arguments_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from nvg_studio.training import __main__ as training

    asked = []

    def train(arguments: list[str]) -> int:
        asked.append(arguments)
        return 130

    monkeypatch.setattr(training, "main", train)
    assert main(["train", "tokenizer", "data", "--out", "run", "--help"]) == 130
    assert asked == [["tokenizer", "data", "--out", "run", "--help"]]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["models"], ["generate", "--help"], ["--version"]])
def test_help_costs_no_torch(arguments: list[str]) -> None:
    code = (
        f"import sys; from nvg_studio.cli import main; c = main({arguments!r}); sys.exit(c or 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert not done.stderr
    assert "nvg-studio" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "--class", "lily", "a.png"], "Unknown class 'lily': choose one of rose, tulip."),
        (["generate", "--class", "7", "a.png"], "choose one of rose, tulip"),
        (["generate", "--seed", "-1", "a.png"], "seed"),
        (["generate", "--seed", "many", "a.png"], "--seed"),
        (["generate", "--guidance", "1,2,3", "a.png"], "--guidance"),
        (["generate", "--top-p", "1.5", "a.png"], "top_p"),
        (["generate", "--temperature", "0", "a.png"], "temperature"),
        (["generate", "--count", "0", "a.png"], "--count"),
        (["generate", "--dtype", "int8", "a.png"], "dtype"),
        (["generate", "--device", "toaster", "a.png"], "toaster"),
        (["generate", "--model", "nowhere", "a.png"], "nowhere"),
        (["generate", "a.jpg"], ".png or .nvgs"),
        (["generate", "nowhere/a.png"], "no folder 'nowhere'"),
        (["generate", "folder.png"], "is a folder"),
        (["generate"], "out"),
        (["encode", "missing.jpg", "a.nvgs"], "missing.jpg"),
        (["encode", "text.png", "a.nvgs"], "text.png"),
        (["encode", "dot.png", "a.nvgs"], "dot.png"),
        (["encode", "cut.png", "a.nvgs"], "cut.png"),
        (["encode", "folder.png", "a.nvgs"], "folder.png"),
        (["encode", "good.png", "a.png"], ".nvgs"),
        (["transfer", "--structure", "text.png", "a.png"], "text.png"),
        (["transfer", "--structure", "good.png", "--levels", "2-4", "a.png"], "--levels"),
        (["transfer", "--structure", "good.png", "--levels", "1-7", "a.png"], "up to 6"),
        (["transfer", "--structure", "good.png", "--content-stages", "8", "a.png"], "8 stages"),
        (["transfer", "--structure", "good.png", "--mask", "dot.png", "a.png"], "dot.png"),
        (["transfer", "--structure", "good.png", "--mask", "black.png", "a.png"], "mask"),
        (["transfer", "a.png"], "--structure"),
        (["export", "missing.nvgs", "out"], "missing.nvgs"),
        (["export", "good.png", "out"], "good.png"),
        (["export", "text.nvgs", "out"], "not a project file"),
        (["export", "work.nvgs", "--level", "7", "out"], "no level 7"),
        (["export", "work.nvgs", "--groups", "1-9", "out"], "no level 7"),
        (["export", "work.nvgs", "--groups", "all", "out"], "--groups"),
        (["export", "work.nvgs", "--scale", "9", "out"], "1 to 8"),
        (["export", "work.nvgs", "text.png"], "file exists"),
        (["export", "good.png", "--format", "xcf", "out"], "--format"),
        (["bench", "--json", "times.txt"], ".json"),
        (["models", "info", "nowhere"], "nowhere"),
        (["models", "import", "--autoencoder", "x.ckpt", "--generator", "cut.ckpt", "new"], "x.ckpt"),
        (["models", "import", "--autoencoder", "cut.ckpt", "--generator", "cut.ckpt", "new"], "cut.ckpt"),
        (["models", "import", "--autoencoder", "cut.ckpt", "--generator", "cut.ckpt", "."], "not an empty folder"),
        (["models", "import", "--autoencoder", "cut.ckpt", "new"], "--autoencoder and --generator"),
        (["models", "import", "--folder", "folder.png", "new"], "config.json"),
        (["models", "export", "nowhere", "new"], "nowhere"),
        (["models", "download", "d32"], "choose d16, d20, d24"),
        (["models", "remove", "flowers"], "delete it yourself"),
        (["paint"], "paint"),
    ],
)
def test_bad_input_is_one_line(refused: Run, tmp_path: Path, arguments: list[str], words: str) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(picture).save("good.png")
    Image.fromarray(picture[:1, :1]).save("dot.png")
    Image.fromarray(picture * 0).save("black.png")
    Path("cut.png").write_bytes(Path("good.png").read_bytes()[:900])
    Path("text.png").write_text("no picture at all\n" * 9)
    Path("text.nvgs").write_text("no project at all\n" * 9)
    project_file.save(work(), "work.nvgs")
    Path("cut.ckpt").write_bytes(b"PK\x03\x04" + bytes(200))
    Path("folder.png").mkdir()
    before = sorted(tmp_path.iterdir())
    assert words in refused(*arguments)
    assert sorted(tmp_path.iterdir()) == before


def work() -> project_file.Project:
    """A blank project of 64 cells with its stages."""
    blank, black = GranularitySequence.blank(64, 6), np.zeros((16, 16, 3), np.uint8)
    return project_file.Project(open_photo(blank, black, "Open"), "tiny", Rendering.of(ModelId(""), blank, [black] * 7))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.safetensors", "generator.safetensors"])
def test_truncated_model_is_one_line(refused: Run, model: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(model, tmp_path / "copy")
    file = tmp_path / "copy" / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert name in refused("generate", "--model", "copy", "a.png")
    file.unlink()
    assert name in refused("generate", "--model", "copy", "a.png")


def test_write_protected_folder_is_one_line(refused: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    # Not by its permissions: tests may run as root, who may write anywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "closed" or mode != os.W_OK)
    assert "write-protected" in refused("generate", "closed/a.png")


def test_model_that_was_not_shipped_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("nvg_studio.cli.options.shipped_model", lambda: tmp_path / "flowers")
    assert main(["generate", str(tmp_path / "a.png")]) == 2
    assert "--model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ZeroDivisionError("a bug\nin two lines"), 1, "Internal error (ZeroDivisionError: a bug)"),
        (MemoryError(), 2, "Out of memory"),
        (OSError(28, "No space left on device", "a.png"), 2, "No space left on device: 'a.png'"),
    ],
)
def test_errors_from_inside(
    refused: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, words: str
) -> None:
    monkeypatch.setattr(ModelChoice, "open", lambda self: (_ for _ in ()).throw(error))
    assert words in refused("generate", "a.png", code=code)
    monkeypatch.setenv("NVG_DEBUG", "1")
    with pytest.raises(type(error)):
        main(["generate", "a.png"])


@pytest.mark.slow
def test_ctrl_c_stops_quietly(model: Path, tmp_path: Path) -> None:
    """In the middle of endless work; Python's own start-up, which nothing can guard, is over by then."""
    # A shell's background jobs ignore the interrupt, and the tests may be one.
    code = """
import signal
from nvg_studio.bench import side_by_side
from nvg_studio.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
done = side_by_side.SideBySide.round
def round(self):
    print("round", flush=True)
    done(self)
side_by_side.SideBySide.round = round
raise SystemExit(main())
"""
    arguments = ["bench", "--model", str(model), "--repeats", "1000000"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "round\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
