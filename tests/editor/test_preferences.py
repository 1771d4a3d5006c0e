"""Preferences in their file: an invalid field falls back to its default and leaves the others alone."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from nvg_studio.editor.choices import Palette
from nvg_studio.editor.files.preferences import VERSION, Preferences, read_preferences, write_preferences

CHOSEN = Preferences("dark", Palette.SAFE, "cpu", "float32", False, False, 60, "model", "/models/mine", True)


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_preferences(tmp_path / "folder" / "preferences.json", CHOSEN)
    assert read_preferences(tmp_path / "folder" / "preferences.json") == CHOSEN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "pink"),
        ("theme", 1),
        ("palette", "no palette"),
        ("palette", ["safe"]),
        ("device", None),
        ("dtype", "float8"),
        ("exact_pixels", 1),
        ("contiguous", "no"),
        ("autosave_s", 7),
        ("autosave_s", 5.0),
        ("photo_structure", {}),
        ("model", 3),
        ("hint_seen", None),
    ],
)
def test_an_invalid_field_falls_back_alone(tmp_path: Path, name: str, value: Any) -> None:
    path = tmp_path / "preferences.json"
    path.write_text(json.dumps({"version": VERSION, **asdict(CHOSEN), name: value}))
    assert read_preferences(path) == replace(CHOSEN, **{name: getattr(Preferences(), name)})


@pytest.mark.parametrize(
    "text", ["", "[]", "[" * 9000, '{"version": 99, "theme": "dark"}', '{"theme": "dark"}', "\x00"]
)
def test_a_file_that_is_none_gives_the_defaults(tmp_path: Path, text: str) -> None:
    path = tmp_path / "preferences.json"
    path.write_text(text)
    assert read_preferences(path) == Preferences()
    assert read_preferences(tmp_path / "missing.json") == Preferences()


def test_unknown_fields_and_missing_ones_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "preferences.json"
    path.write_text(json.dumps({"version": VERSION, "theme": "light", "later": [1, 2]}))
    assert read_preferences(path) == Preferences(theme="light")
