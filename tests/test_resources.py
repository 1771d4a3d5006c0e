"""Files for the desktop: what they name is there, and they agree with each other."""

import configparser
import csv
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nvg_studio.paths import resource, shipped_model
from tests.programs import find_program

ROOT = Path(__file__).resolve().parent.parent
MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"


def test_the_desktop_entry_opens_projects() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment]
    entry.read(resource("nvg-studio.desktop"), encoding="utf-8")
    values = entry["Desktop Entry"]
    kind = ElementTree.parse(resource("nvg-studio.xml")).getroot().find(f"{MIME}mime-type")
    assert kind is not None and kind.get("type") in values["MimeType"].split(";")
    pattern = kind.find(f"{MIME}glob")
    assert pattern is not None and pattern.get("pattern") == "*.nvgs"
    assert resource("icons", f"{values['Icon']}.svg").is_file()
    assert values["Exec"].endswith("%f")


def test_near_twins_are_held_out_photos_of_the_flowers() -> None:
    names = resource("flowers-near-twins.txt").read_text("utf-8").split()
    with (shipped_model() / "ATTRIBUTION.csv").open(encoding="utf-8", newline="") as table:
        files = {row["file"] for row in csv.DictReader(table)}
    assert len(names) == 8 and {f"val/{name}" for name in names} <= files


@pytest.mark.skipif(
    sys.platform != "linux" or find_program("make", says="GNU Make") is None, reason="make desktop is for Linux"
)
def test_make_desktop_installs_entry_type_and_icon(tmp_path: Path) -> None:
    # The set-up that the rule depends on is taken as done.
    command = ["make", "--assume-old=.venv/run.stamp", "desktop"]
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    entry = tmp_path / "applications" / "nvg-studio.desktop"
    assert f'Exec="{ROOT}/.venv/bin/nvg-studio-window" %f' in entry.read_text(encoding="utf-8").splitlines()
    assert (tmp_path / "icons/hicolor/scalable/apps/nvg-studio.svg").is_file()
    if find_program("update-mime-database", says="shared-mime-info", when="-v"):
        assert "application/x-nvgs:*.nvgs" in (tmp_path / "mime" / "globs").read_text(encoding="utf-8")
    if find_program("desktop-file-validate", says="desktop-file-validate", when="--help"):
        checked = subprocess.run(["desktop-file-validate", str(entry)], capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stdout) == (0, "")
