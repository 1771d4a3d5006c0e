"""Saving: whole or not at all, also on file systems that refuse what is not needed."""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NoReturn

import pytest

from nvg_studio import atomic
from nvg_studio.atomic import MAX_NAME, atomic_path, backup_of, describe_refusal, fitted_name, write_atomic


def refusing(number: int) -> Callable[..., NoReturn]:
    """A system call that a file system refuses."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return refuse


def test_bytes_and_what_writes_them_give_the_same_file(tmp_path: Path) -> None:
    write_atomic(tmp_path / "bytes", b"content")
    write_atomic(tmp_path / "written", lambda file: file.write(b"content"))
    with atomic_path(tmp_path / "path") as partial:
        partial.write_bytes(b"content")
        assert not (tmp_path / "path").exists() and partial.parent == tmp_path
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(
        ("bytes", "written", "path"), b"content"
    )


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "work"
    path.write_bytes(b"old")

    def half(file: BinaryIO) -> NoReturn:
        file.write(b"ha")
        raise RuntimeError("half")

    with pytest.raises(RuntimeError, match="half"):
        write_atomic(path, half, backup=True)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["work"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_data_that_did_not_reach_the_disk_are_an_error(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "work"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", refusing(number))
    with pytest.raises(OSError, match=os.strerror(number)):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["work"]


@pytest.mark.parametrize(
    ("calls", "number"),
    [
        (("chmod",), errno.EPERM),
        (("fsync",), errno.EINVAL),
        (("fsync",), errno.EOPNOTSUPP),
        (("utime", "link", "chmod"), errno.EPERM),
        (("utime", "link", "chmod", "fsync"), errno.ENOSYS),
    ],
)
def test_shares_that_refuse_permissions_times_links_or_flushes_are_written(
    calls: tuple[str, ...], number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "work"
    path.write_bytes(b"old")
    for call in calls:
        monkeypatch.setattr(os, call, refusing(number))
    write_atomic(path, b"new", backup=True)
    assert path.read_bytes() == b"new" and backup_of(path).read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["work", "work~"]


@pytest.mark.parametrize("name", ["花" * 80, "\N{ROSE}" * 60, "a" * 250])
def test_long_names_can_be_written(name: str, tmp_path: Path) -> None:
    write_atomic(tmp_path / name, b"one")
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("letter", ["a", "ü", "花", "\N{ROSE}"])
def test_the_longest_names_are_written_with_their_backup(letter: str, tmp_path: Path) -> None:
    name = fitted_name(letter * MAX_NAME, MAX_NAME - len(".nvgs")) + ".nvgs"
    assert MAX_NAME - 4 <= len(name.encode()) <= MAX_NAME
    write_atomic(tmp_path / name, b"one", backup=True)
    write_atomic(tmp_path / name, b"two", backup=True)
    backup = backup_of(tmp_path / name)
    assert backup.read_bytes() == b"one" and backup.name.endswith("~")
    assert sorted(os.listdir(tmp_path)) == sorted([name, backup.name])


def test_a_write_protected_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "work"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="write-protected") as refused:
        write_atomic(path, b"new", backup=True)
    assert describe_refusal(refused.value) == "the file is write-protected; choose another name or place"
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["work"]


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with pytest.raises(IsADirectoryError) as refused:
        write_atomic(tmp_path / "work", b"new", backup=True)
    assert describe_refusal(refused.value) == "it is a folder; choose another name"
    assert os.listdir(tmp_path) == ["work"]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("a" * 300, "file name too long; choose a shorter name"),
        ("a\0b", "it has characters that file names cannot have; choose another name"),
        ("nowhere/work", "no such file or directory; the folder is gone; choose another place"),
    ],
)
def test_names_that_no_file_can_have_are_told_in_one_line(name: str, answer: str, tmp_path: Path) -> None:
    with pytest.raises((OSError, ValueError)) as refused:
        write_atomic(tmp_path / name, b"new")
    assert isinstance(refused.value, OSError | ValueError)
    assert describe_refusal(refused.value) == answer


@pytest.mark.skipif(os.name == "nt", reason="permissions and links are POSIX")
def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    umask = os.umask(0)
    os.umask(umask)
    with atomic_path(target) as partial:
        partial.write_bytes(b"one")
        partial.chmod(0o600)  # as safetensors does
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask
    target.chmod(0o640)
    link.symlink_to(target)
    write_atomic(link, b"two")
    assert link.is_symlink() and target.read_bytes() == b"two"
    assert target.stat().st_mode & 0o777 == 0o640


def test_what_killed_programs_left_beside_a_file_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = [".work.nvgs.0123abcd.partial", ".work.nvgs.ffffffff.partial"]
    others = [".other.nvgs.0123abcd.partial", ".work.nvgs.0123abc.partial", ".work.nvgs.0123abcd.partial.bak"]
    others += ["work.nvgs.0123abcd.partial", ".workxnvgs.0123abcd.partial"]
    for name in (*stale, *others):
        (tmp_path / name).write_bytes(b"half")
    write_atomic(tmp_path / "work.nvgs", b"one")
    assert set(os.listdir(tmp_path)) == {"work.nvgs", *stale, *others}  # somebody may be writing them now
    monkeypatch.setattr(atomic, "PROGRAM_BEGAN", time.time() + 60)
    (tmp_path / ".work.nvgs.00000000.partial").mkdir()
    write_atomic(tmp_path / "work.nvgs", b"two", backup=True)
    assert set(os.listdir(tmp_path)) == {"work.nvgs", "work.nvgs~", ".work.nvgs.00000000.partial", *others}
