"""The only network access: files of the published models through huggingface_hub, into its cache."""

import hashlib
import io
import logging
from pathlib import Path
from typing import Any

from tqdm import tqdm

from nvg_studio.errors import HubError
from nvg_studio.hub.progress import Progress, Report
from nvg_studio.hub.published import PAGE, REPOSITORY, Published, by_hand

SHA256_LENGTH = 64
BLOCK = 1 << 22


def fetch(file: str, model: Published, report: Report) -> Path:
    """A file of the repository from the cache, or downloaded: what is there of it already is not fetched again.

    Raises:
        HubError: no connection, no permission, or the file does not have the checksum that the repository names.
    """
    # Imported here: it is a part of a second that only downloads need.
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    # Its own retries and warnings would come between our lines.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    report(Progress(f"Looking for {file}"))
    try:
        known = get_hf_file_metadata(hf_hub_url(REPOSITORY, file))
        path = Path(hf_hub_download(REPOSITORY, file, revision=known.commit_hash, tqdm_class=_bar(file, report)))
    except GatedRepoError as error:
        raise HubError(
            f"{PAGE} asks for your name first: sign in there, agree, run 'hf auth login' here and try again."
        ) from error
    except HfHubHTTPError as error:
        raise HubError(f"{PAGE} does not give {file} ({_status(error)}): {by_hand(model)}") from error
    except Exception as error:
        # The library speaks through several HTTP clients, by version: so by the family's name, not by type.
        if not isinstance(error, LocalEntryNotFoundError | OfflineModeIsEnabled) and not _is_network(error):
            raise
        cached = try_to_load_from_cache(REPOSITORY, file)
        if isinstance(cached, str):
            return Path(cached)
        raise HubError(f"No connection to huggingface.co: {by_hand(model)}") from error
    _check(path, known.etag, report)
    return path


def sha256(path: Path, report: Report) -> str:
    """SHA-256 of a file, hex."""
    digest, total, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            done += len(block)
            report(Progress(f"Checking {path.name}", done, total))
    return digest.hexdigest()


def _check(path: Path, wanted: str | None, report: Report) -> None:
    """Large files carry their SHA-256 as tag; a file that differs is taken out of the cache."""
    if wanted is None or len(wanted) != SHA256_LENGTH or sha256(path, report) == wanted:
        return
    path.resolve().unlink()
    path.unlink(missing_ok=True)
    raise HubError(f"{path.name} came damaged, its checksum is not the published one: it was removed; download again.")


def _status(error: Any) -> str:
    response = getattr(error, "response", None)
    return f"status {response.status_code}" if response is not None else type(error).__name__


def _is_network(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"HTTPError", "ConnectionError", "RequestException", "TimeoutError"})


def _bar(file: str, report: Report) -> type[tqdm]:
    """A bar that shows nothing and reports how many bytes of `file` there are."""

    class Bar(tqdm):  # type: ignore[misc]  # it comes without types
        monitor_interval = 0

        def __init__(self, *arguments: Any, **options: Any) -> None:
            # A second bar counts what goes over the wire, compressed: not the size of the files.
            self._counts = "downloading bytes" not in str(options.get("desc", ""))
            super().__init__(*arguments, **options | {"file": io.StringIO()})

        def display(self, *_: Any, **__: Any) -> bool:
            if self._counts:
                report(Progress(f"Downloading {file}", int(self.n), int(self.total or 0)))
            return True

    return Bar
