"""What a program is, not what it is called, decides whether a test uses it."""

import stat
import sys
from pathlib import Path

import pytest

from tests.programs import find_program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


def stand_in(folder: Path, name: str, lines: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_only_a_program_that_names_itself_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program("convert-a", says="ImageMagick") is None
    stand_in(tmp_path, "convert-b", "exit 1")
    assert find_program("convert-b", says="ImageMagick") is None
    (tmp_path / "convert-c").write_text("no program at all")
    assert find_program("convert-c", says="ImageMagick") is None
    real = stand_in(tmp_path, "magick-d", 'echo "Version: ImageMagick 7.1" >&2')
    assert find_program("convert-b", "magick-d", says="imagemagick") == str(real)
