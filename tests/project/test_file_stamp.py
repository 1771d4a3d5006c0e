"""Whether a file was changed by somebody else: its content decides, not its times."""

import os
from pathlib import Path

import pytest

from nvg_studio.project.storage.file_stamp import is_changed, stamp_of, stamp_of_written


def written(path: Path, data: bytes = b"first version") -> Path:
    path.write_bytes(data)
    return path


def test_a_file_that_nobody_touched_is_not_changed_and_is_not_even_read(tmp_path: Path) -> None:
    path = written(tmp_path / "work")
    stamp = stamp_of(path)
    assert stamp == stamp_of_written(path, b"first version")
    path.chmod(0o600)  # its stamp is another one now, its content is not
    assert not is_changed(path, stamp)


@pytest.mark.parametrize("data", [b"other version", b"longer than the first version", b""])
def test_another_content_is_a_change_whatever_the_times_say(tmp_path: Path, data: bytes) -> None:
    path, other = written(tmp_path / "work"), tmp_path / "other"
    stamp, status = stamp_of(path), path.stat()
    written(other, data)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))  # as sync programs do
    os.replace(other, path)
    assert is_changed(path, stamp)


def test_the_same_content_is_no_change_whatever_the_times_say(tmp_path: Path) -> None:
    path, copy = written(tmp_path / "work"), written(tmp_path / "copy")
    stamp = stamp_of(path)
    os.replace(copy, path)
    os.utime(path, ns=(0, 0))
    assert not is_changed(path, stamp)


def test_a_file_that_is_gone_has_nothing_to_lose(tmp_path: Path) -> None:
    path = written(tmp_path / "work")
    stamp = stamp_of(path)
    path.unlink()
    assert not is_changed(path, stamp)
    assert stamp_of_written(path, b"") is None
