"""One script makes every picture that README and guide show; here it runs on the scripted engine."""

import importlib.util
import re
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nvg_studio.engine.scripted import ScriptedEngine

ROOT = Path(__file__).resolve().parents[2]
PICTURE = re.compile(r"!\[[^\]]+\]\((?:docs/)?images/([a-z]+)-(?:dark|light)\.png\)")


def test_the_script_takes_every_picture_that_is_shown(qtbot: QtBot, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("screenshots", ROOT / "docs" / "screenshots.py")
    assert spec is not None and spec.loader is not None
    screenshots = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(screenshots)
    camera = screenshots.Photographer(tmp_path, "dark", ScriptedEngine())
    try:
        screenshots.tour(camera)
    finally:
        camera.close()
        for thing in (camera.window, camera.session):
            thing.deleteLater()
            QApplication.sendPostedEvents(thing, QEvent.Type.DeferredDelete)
    taken = {path.stem.removesuffix("-dark") for path in tmp_path.glob("*.png")}
    guide = PICTURE.findall((ROOT / "docs" / "guide.md").read_text(encoding="utf-8"))
    assert len(guide) == 10
    assert {*guide, *PICTURE.findall((ROOT / "README.md").read_text(encoding="utf-8"))} <= taken
    for name in ("photo", "layout", "variations"):
        with Image.open(tmp_path / f"{name}-dark.png") as picture:
            assert picture.size == (1280, 800)
