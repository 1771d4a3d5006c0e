"""The classifier: it learns what colours tell apart, comes back from its files, and says what is wrong with them."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from nvg_studio.errors import CheckpointError
from nvg_studio.evaluation.__main__ import main
from nvg_studio.evaluation.classifier.augment import PhotoCollection, blur, crop_maps, jitter, mix
from nvg_studio.evaluation.classifier.train_classifier import accuracy, squares
from nvg_studio.model.classifier import (
    CONFIG,
    WEIGHTS,
    WIDTHS,
    Classifier,
    ClassifierConfig,
    load_classifier,
    predict,
    save_classifier,
)
from nvg_studio.training.data.pack import load_photos


def rng(seed=0):
    return np.random.default_rng(seed)


def make_photos(folder, count, seed):
    """Two classes that hue alone tells apart, so that mirror, crop and brightness leave them."""
    random = rng(seed)
    for name, colour in (("rose", (60, 40, 200)), ("violet", (200, 60, 40))):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            picture = random.integers(60, 120, size=(40, 48, 3), dtype=np.uint8)
            cv2.circle(picture, tuple(int(v) for v in random.integers(16, 30, 2)), 14, colour, -1)
            cv2.imwrite(str(folder / name / f"{number}.png"), picture)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Photos, held-out photos and the classifier that the command makes of them."""
    folder = tmp_path_factory.mktemp("classifier")
    make_photos(folder / "train", 24, 0)
    make_photos(folder / "val", 12, 1)
    assert run(folder, "--steps", 80) == 0
    return folder


def run(folder, *more, val="val"):
    arguments = [folder / "train", "--val", folder / val, "--out", folder / "out", "--image-size", 32, "--batch", 16]
    return main(["classifier", *(str(a) for a in [*arguments, "--device", "cpu", *more])])


def test_it_learns_and_states_the_accuracy_of_what_it_saved(trained):
    config, network = load_classifier(trained / "out")
    val = load_photos(trained / "val", 40)
    assert config.classes == ("rose", "violet") and config.image_size == 32 and config.val_photos == 24
    assert accuracy(network, squares(val.pictures, 32), val.labels) == config.val_accuracy >= 0.9
    assert (trained / "out" / WEIGHTS).stat().st_size < 6e6
    assert load_file(trained / "out" / WEIGHTS)["stem.weight"].dtype == torch.float16


def test_a_run_that_is_there_is_finished_already(trained, capsys):
    before = (trained / "out" / WEIGHTS).read_bytes()
    assert run(trained, "--steps", 80) == 0
    assert (trained / "out" / WEIGHTS).read_bytes() == before
    assert "of 24 held-out photos" in capsys.readouterr().out


def test_features_do_not_depend_on_the_company(trained):
    _, network = load_classifier(trained / "out")
    pictures = rng().integers(256, size=(5, 32, 32, 3), dtype=np.uint8)
    seen = predict(network, pictures)
    assert seen.features.shape == (5, WIDTHS[-1]) and seen.logits.shape == (5, 2)
    assert torch.allclose(predict(network, pictures[3:4]).features, seen.features[3:4], atol=0.02)
    assert not torch.allclose(seen.features[0], seen.features[1], atol=0.02)


def test_what_is_wrong_is_one_line(trained, capsys):
    make_photos(trained / "others", 1, 2)
    (trained / "others" / "rose").rename(trained / "others" / "lily")
    for words, more, val in (
        ("Add --minutes or --steps", (), "val"),
        ("32 to 512 pixels", ("--steps", 1, "--image-size", 8), "val"),
        ("other classes", ("--steps", 1), "others"),
        ("neither a folder", ("--steps", 1), "nowhere"),
    ):
        assert run(trained, *more, val=val) == 2
        error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("nvg-studio: ")]
        assert len(error) == 1 and words in error[0]


def test_files_that_do_not_fit_are_refused(tmp_path):
    config = ClassifierConfig(32, ("a", "b"), 0.5, 10)
    save_classifier(config, Classifier(2), tmp_path)
    good, text = load_file(tmp_path / WEIGHTS), (tmp_path / CONFIG).read_text()
    assert load_classifier(tmp_path)[0] == config
    for change in (
        {"classes": ["a", "b", "c"]},
        {"classes": ["a"]},
        {"classes": "ab"},
        {"image_size": 1 << 20},
        {"image_size": 32.0},
        {"val_accuracy": 2},
        {"val_accuracy": "0.5"},
        {"val_photos": 0},
        {"more": 1},
    ):
        (tmp_path / CONFIG).write_text(json.dumps({**json.loads(text), **change}))
        with pytest.raises(CheckpointError):
            load_classifier(tmp_path)
    for damaged in ("", "[]", "{", text[:-4], "[" * 100_000):
        (tmp_path / CONFIG).write_text(damaged)
        with pytest.raises(CheckpointError):
            load_classifier(tmp_path)
    (tmp_path / CONFIG).write_text(text)
    for name, value in (("stem.weight", torch.full_like(good["stem.weight"], torch.nan)), ("extra", torch.ones(1))):
        save_file({**good, name: value}, tmp_path / WEIGHTS)
        with pytest.raises(CheckpointError):
            load_classifier(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"short")
    with pytest.raises(CheckpointError):
        load_classifier(tmp_path)
    with pytest.raises(CheckpointError, match="No such file"):
        load_classifier(tmp_path / "nowhere")


def test_crops_lie_within_their_photos_and_show_what_is_there():
    sizes = np.array([[20.0, 40.0], [32.0, 24.0]]).repeat(50, 0)
    maps = crop_maps(sizes, (32, 40), rng())
    centre = (maps[:, ::-1, 2] + 1) / 2 * [32, 40]
    assert (centre > 0).all() and (centre < sizes).all()
    assert 0.2 < (maps[:, 0, 0] < 0).mean() < 0.8, "about half are mirrored"
    photos = [np.full((20, 40, 3), 250, np.uint8), np.full((32, 24, 3), 10, np.uint8)]
    crops = PhotoCollection.of(photos, torch.device("cpu")).crops(np.array([0, 1, 1, 0]), 16, rng())
    assert crops.shape == (4, 3, 16, 16)
    assert torch.allclose(crops.mean((1, 2, 3)), torch.tensor([250.0, 10, 10, 250]) / 127.5 - 1)


def test_a_panorama_is_cut_about_its_centre():
    photo = np.zeros((10, 100, 3), np.uint8)
    photo[:, 43:57] = 255
    album = PhotoCollection.of([photo], torch.device("cpu"))
    assert album.pictures.shape == (1, 3, 10, 15) and (album.pictures[..., 1:14] == 255).all()


def test_augmentation_depends_on_the_random_numbers_alone_and_stays_in_range():
    images = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for change in (jitter, blur):
        outs = [change(images, rng(seed)) for seed in range(20)]
        assert all(out.shape == images.shape and out.abs().max() <= 1 for out in outs)
        assert torch.equal(outs[3], change(images, rng(3)))
        assert not all(torch.equal(out, images) for out in outs)


def test_the_share_of_a_mixed_picture_is_the_share_of_its_pixels():
    images = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 32, 32)
    shares = []
    for seed in range(40):
        mixed, share = mix(images, rng(seed))
        assert (mixed[2] == 1).float().mean().item() == pytest.approx(share)
        assert set(mixed[2].unique().tolist()) <= {1, 2}
        shares.append(share)
    assert 0 in shares and max(shares) > 0.5


def test_the_command_needs_no_other_packages():
    code = (
        "import sys, nvg_studio.evaluation.__main__, nvg_studio.evaluation.classifier.train_classifier;"
        "import nvg_studio.sampling.pipeline;"
        "sys.exit(bool({'PySide6', 'pydantic', 'sklearn', 'skimage', 'matplotlib', 'PIL', 'typer'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
