"""The edge to the network, with huggingface_hub's functions replaced; and one real try without a connection."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import httpx2
import huggingface_hub
import pytest
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RemoteEntryNotFoundError

from nvg_studio.errors import HubError
from nvg_studio.hub.download import fetch
from nvg_studio.hub.progress import Progress, quiet
from nvg_studio.hub.published import published

CONTENT = b"weights" * 1000
MODEL = published("d16")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds a file after it was "downloaded" in two pieces; the real names of the library."""
    cached = tmp_path / "cache" / "d16.ckpt"
    known = SimpleNamespace(commit_hash="c0ffee", etag=hashlib.sha256(CONTENT).hexdigest(), size=len(CONTENT))

    def download(repo: str, file: str, *, revision: str, tqdm_class: Callable) -> str:
        assert (repo, file, revision) == ("yikaiwang/nvg", "d16.ckpt", "c0ffee")
        cached.parent.mkdir(exist_ok=True)
        with tqdm_class(total=len(CONTENT), initial=0, unit="B", unit_scale=True, desc=file) as bar:
            for start in (0, 4000):
                with cached.open("ab") as out:
                    bar.update(out.write(CONTENT[start : start + 4000]))
        return str(cached)

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda url: known)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return cached


def test_a_file_is_downloaded_checked_and_reported(
    repository: Path, reports: list[Progress], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch("d16.ckpt", MODEL, reports.append) == repository
    assert reports[0] == Progress("Looking for d16.ckpt")
    assert Progress("Downloading d16.ckpt", len(CONTENT), len(CONTENT)) in reports
    assert reports[-1] == Progress("Checking d16.ckpt", len(CONTENT), len(CONTENT))
    assert capsys.readouterr() == ("", "")


def test_a_wrong_checksum_takes_the_file_away(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(commit_hash="c0ffee", etag="0" * 64, size=0)
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda url: other)
    with pytest.raises(HubError, match="checksum is not the published one"):
        fetch("d16.ckpt", MODEL, quiet)
    assert not repository.exists()


def answer(status: int) -> httpx2.Response:
    return httpx2.Response(status, request=httpx2.Request("HEAD", "https://huggingface.co"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (GatedRepoError("gated", response=answer(403)), "sign in there"),
        (RemoteEntryNotFoundError("gone", response=answer(404)), "status 404.*--from FOLDER"),
        (httpx2.ConnectTimeout("slow"), "No connection to huggingface.co: fetch ae.ckpt and d16.ckpt"),
        (httpx2.ReadError("cut"), "No connection"),
        (LocalEntryNotFoundError("offline"), "No connection"),
        (ConnectionError("refused"), "No connection"),
    ],
)
def test_refusals_are_one_line(monkeypatch: pytest.MonkeyPatch, error: Exception, words: str) -> None:
    def refuse(url: str) -> None:
        raise error

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", refuse)
    with pytest.raises(HubError, match=words) as caught:
        fetch("d16.ckpt", MODEL, quiet)
    assert "\n" not in str(caught.value)


def test_what_is_in_the_cache_needs_no_connection(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch("d16.ckpt", MODEL, quiet)

    def refuse(url: str) -> None:
        raise httpx2.ConnectError("no route")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", refuse)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda repo, file: str(repository))
    assert fetch("d16.ckpt", MODEL, quiet) == repository


def test_a_fault_of_ours_is_not_called_a_lack_of_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(url: str) -> None:
        raise TypeError("wrong call")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", wrong)
    with pytest.raises(TypeError):
        fetch("d16.ckpt", MODEL, quiet)


def test_the_real_library_without_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: (_ for _ in ()).throw(OSError(-2, "no such host")))
    with pytest.raises(HubError, match=r"No connection to huggingface\.co: fetch ae\.ckpt and d16\.ckpt from https"):
        fetch("d16.ckpt", MODEL, quiet)
