"""Files for the desktop: what they name is there, and they agree with each other."""

import configparser
import csv
from xml.etree import ElementTree

from nvg_studio.paths import resource, shipped_model

MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"


def test_the_desktop_entry_opens_projects() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str
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
