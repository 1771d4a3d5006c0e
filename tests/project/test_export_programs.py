"""Layered files, opened by the programs that they are for: GIMP and Krita, where they are installed.

GIMP reads the PSD alone: its plug-in for OpenRaster needs Python 2, which Debian's GIMP comes without.
"""

import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode

from nvg_studio.project.export.layers import Group, Scene
from nvg_studio.project.export.ora import encode_ora
from nvg_studio.project.export.psd import encode_psd
from tests.programs import find_program
from tests.project.scenes import NAME, named_project, scene_of

SECONDS = 120
SCENE = scene_of(named_project())
GIMP = find_program("gimp", says="GNU Image Manipulation Program")
KRITA = find_program("krita", says="krita")
XVFB = find_program("xvfb-run", says="xvfb-run", when="--help")
with_gimp = pytest.mark.skipif(GIMP is None, reason="GIMP is not installed")
with_krita = pytest.mark.skipif(KRITA is None or XVFB is None, reason="Krita or xvfb-run is not installed")
both_formats = pytest.mark.parametrize(("encode", "ending"), [(encode_ora, ".ora"), (encode_psd, ".psd")])


def summed(scene: Scene) -> Scene:
    """With the last group in sight: stage 0 and everything added to it, over all other layers."""
    *below, stages = scene.items
    assert isinstance(stages, Group)
    return replace(scene, items=(*below, replace(stages, visible=True)))


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, done.stderr[-2000:]


def krita(source: Path, target: Path) -> Path:
    """Have Krita open one file and save it as another."""
    assert KRITA is not None and XVFB is not None
    run(XVFB, "-a", KRITA, "--nosplash", "--export", "--export-filename", str(target), str(source))
    return target


def gimp(source: Path, picture: Path, layered: Path) -> None:
    """Have GIMP open a file, save it with its layers, and flatten it."""
    assert GIMP is not None
    save = "(gimp-file-save RUN-NONINTERACTIVE image {} {} {})"
    names = [f'"{path}"' for path in (source, layered, picture)]
    script = (
        f"(let* ((image (car (gimp-file-load RUN-NONINTERACTIVE {names[0]} {names[0]}))))"
        + save.format("(car (gimp-image-get-active-drawable image))", names[1], names[1])
        + save.format("(car (gimp-image-flatten image))", names[2], names[2])
        + ")"
    )
    run(GIMP, "-i", "--no-data", "--no-fonts", "-b", script, "-b", "(gimp-quit 0)")


def difference(path: Path, wanted: NDArray[np.uint8]) -> int:
    with Image.open(path) as image:
        found = np.array(image.convert("RGB"))
    assert found.shape == wanted.shape
    return int(np.abs(found.astype(int) - wanted.astype(int)).max())


@with_krita
@both_formats
def test_krita_shows_the_view_and_adds_the_stages_up(encode, ending, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for name, scene in (("view", SCENE), ("sum", summed(SCENE))):
        source = tmp_path / f"{name}{ending}"
        source.write_bytes(encode(scene))
        assert difference(krita(source, tmp_path / f"{name}.png"), SCENE.view) <= 1


def krita_layers(path: Path) -> Iterator[ElementTree.Element]:
    """The layers of Krita's own file in its order, the topmost first."""
    with zipfile.ZipFile(path) as file:
        text = re.sub(r"<!DOCTYPE[^>]*>", "", file.read("maindoc.xml").decode())
    for element in ElementTree.fromstring(text).iter():
        if element.tag.rpartition("}")[2] == "layer":
            yield element


@with_krita
@both_formats
def test_krita_knows_names_order_and_modes(encode, ending, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source = tmp_path / f"a{ending}"
    source.write_bytes(encode(SCENE))
    found = [
        (layer.get("name"), layer.get("nodetype"), layer.get("compositeop"), layer.get("visible"))
        for layer in krita_layers(krita(source, tmp_path / "a.kra"))
    ]
    wanted = []
    for item in reversed(SCENE.items):
        shown = "1" if item.visible else "0"
        if isinstance(item, Group):
            wanted.append((item.name, "grouplayer", "normal", shown))
            wanted += [(layer.name, "paintlayer", str(layer.blend), "1") for layer in reversed(item.layers)]
        else:
            wanted.append((item.name, "paintlayer", str(item.blend), shown))
    assert found == wanted and NAME in {name for name, *_ in found}


@with_gimp
def test_gimp_shows_the_view_and_knows_names_order_masks_and_modes(tmp_path: Path) -> None:
    for name, scene in (("view", SCENE), ("sum", summed(SCENE))):
        source = tmp_path / f"{name}.psd"
        source.write_bytes(encode_psd(scene))
        gimp(source, tmp_path / f"{name}.png", tmp_path / f"{name}-saved.psd")
        assert difference(tmp_path / f"{name}.png", SCENE.view) <= 1
    saved = PSDImage.open(tmp_path / "view-saved.psd")
    assert [(layer.name, layer.visible) for layer in saved] == [(item.name, item.visible) for item in SCENE.items]
    found = [layer for layer in saved.descendants() if not layer.is_group()]
    layers = [layer for _, layer in SCENE.walk()]
    assert [layer.name for layer in found] == [layer.name for layer in layers] and NAME in {one.name for one in found}
    for layer, wanted in zip(found, layers, strict=True):
        assert layer.has_mask() == (not wanted.opaque)
        assert layer.blend_mode is (BlendMode.LINEAR_LIGHT if wanted.blend == "linear light" else BlendMode.NORMAL)
