"""Project files (.nvgs): the current step of a document as a zip archive. The format is described in docs/format.md.

    manifest.json              what it is, names, the request behind it; schema_version 1
    sequence.npz               bits, token_map, and those of the last result, the locks, the request
    pictures/<sha256>.png      the base picture

Files are not trusted: names, sizes, types and values are checked, and a file that is not exactly right is refused.
"""

import json
import re
from os import PathLike, fspath
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from nvg_studio import __version__
from nvg_studio.errors import NVGError, PictureError, ProjectError
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.imaging.read import decode_image
from nvg_studio.imaging.write import encode_png, write_atomic
from nvg_studio.project.archive import Arrays, read_arrays, read_zip, write_arrays, write_zip
from nvg_studio.project.document import Document, History, Names, Snapshot, picture_key
from nvg_studio.sampling.settings import GenerationSettings, RunRequest

SCHEMA_VERSION = 1
MAX_FILE = 256 * 2**20
_LIMITS = {"manifest.json": 2**20, "sequence.npz": 64 * 2**20}
_PICTURE = re.compile(r"pictures/([0-9a-f]{64})\.png")
_MAX_PICTURE = 128 * 2**20
_MAX_ARRAY = 64 * 2**20
_MAX_TEXT = 1000
_MAX_NAMES = 2**16
_KEYS = {"schema_version", "application", "title", "model", "base", "names", "request"}
_REQUEST_KEYS = {"stage", "model", "device", "dtype", "settings", "locked"}

Json = dict[str, Any]


def save(document: Document, path: str | PathLike[str]) -> None:
    """Save the current step of a document, atomically; the same step always gives the same bytes.

    Raises:
        ProjectError: the file cannot be written; what was there before is untouched.
    """
    snapshot = document.snapshot
    entries = {
        "manifest.json": json.dumps(_manifest(snapshot), indent=2, ensure_ascii=False).encode(),
        "sequence.npz": write_arrays(_arrays(snapshot)),
        f"pictures/{snapshot.base}.png": encode_png(document.base),
    }
    try:
        write_atomic(path, write_zip(entries))
    except OSError as error:
        reason = (error.strerror or "the disk refused it").lower()
        raise ProjectError(f"Cannot save {fspath(path)}: {reason}; choose another place.") from error


def load(path: str | PathLike[str]) -> Document:
    """Open a project file: a document with one step.

    Raises:
        ProjectError: no such file, damaged, not a project, too large, or made by a newer version.
    """
    name = "".join(c if c.isprintable() else "?" for c in fspath(path))
    try:
        data = _read_file(Path(path))
        return _document(read_zip(data, _limit_of))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        raise ProjectError(f"Cannot open {name}: {reason.lower()}.") from None
    except NVGError as error:
        raise ProjectError(f"Cannot open {name}: {str(error).rstrip('.')}.") from None


def _read_file(path: Path) -> bytes:
    with open(path, "rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise ProjectError(f"it is larger than {MAX_FILE // 2**20} MB")
    return data


def _limit_of(name: str) -> int | None:
    return _MAX_PICTURE if _PICTURE.fullmatch(name) else _LIMITS.get(name)


def _manifest(snapshot: Snapshot) -> Json:
    request = snapshot.request
    return {
        "schema_version": SCHEMA_VERSION,
        "application": f"NVG Studio {__version__}",
        "title": snapshot.title,
        "model": snapshot.model,
        "base": snapshot.base,
        "names": [{"stage": stage, "cluster": cluster, "name": name} for stage, cluster, name in snapshot.names],
        "request": None
        if request is None
        else {
            "stage": request.stage,
            "model": request.model,
            "device": request.device,
            "dtype": request.dtype,
            "settings": [settings.to_dict() for settings in request.settings],
            "locked": request.locks is not None,
        },
    }


def _arrays(snapshot: Snapshot) -> Arrays:
    arrays = _sequence_arrays("", snapshot.sequence) | _sequence_arrays("result_", snapshot.result)
    arrays["locks"] = np.stack([snapshot.locks.structure, snapshot.locks.content])
    if snapshot.request is not None:
        arrays |= _sequence_arrays("request_", snapshot.request.sequence)
        if snapshot.request.locks is not None:
            arrays["request_locks"] = np.stack([snapshot.request.locks.structure, snapshot.request.locks.content])
    return arrays


def _sequence_arrays(prefix: str, sequence: GranularitySequence) -> Arrays:
    return {f"{prefix}bits": sequence.bits, f"{prefix}token_map": sequence.token_map}


def _document(entries: dict[str, bytes]) -> Document:
    """The document of checked entries; errors come without the file's name."""
    manifest = _parse_manifest(entries.get("manifest.json"))
    if "sequence.npz" not in entries:
        raise ProjectError("it holds no sequence")
    arrays = read_arrays(entries["sequence.npz"], _MAX_ARRAY)
    key = _text(manifest["base"], "base")
    if set(entries) != {"manifest.json", "sequence.npz", f"pictures/{key}.png"}:
        raise ProjectError("its pictures are not the ones that its manifest names")
    try:
        picture = decode_image(entries[f"pictures/{key}.png"])
    except PictureError:
        raise ProjectError("its base picture is damaged") from None
    if picture.shape[0] != picture.shape[1] or picture_key(picture) != key:
        raise ProjectError("its base picture is not the one that its manifest names")
    picture.setflags(write=False)
    snapshot = _snapshot(manifest, arrays)
    if arrays:
        raise ProjectError(f"the array {min(arrays)!r} has no place in it")
    return Document(History((snapshot,), 0), MappingProxyType({key: picture}))


def _snapshot(manifest: Json, arrays: Arrays) -> Snapshot:
    """The snapshot; takes what it needs out of `arrays`."""
    sequence = _take_sequence(arrays, "")
    return Snapshot(
        sequence=sequence,
        result=_take_sequence(arrays, "result_"),
        locks=_take_locks(arrays, "locks"),
        base=manifest["base"],
        title=_text(manifest["title"], "title"),
        names=_names(manifest["names"], sequence.depth),
        request=None if manifest["request"] is None else _request(manifest["request"], arrays),
        model=_text(manifest["model"], "model"),
    )


def _parse_manifest(content: bytes | None) -> Json:
    if content is None:
        raise ProjectError("it is not a project file (there is no manifest in it)")
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError):
        raise ProjectError("its manifest is damaged") from None
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if type(version) is not int or version < 1:
        raise ProjectError("its manifest names no schema version")
    if version > SCHEMA_VERSION:
        raise ProjectError("it was made by a newer NVG Studio; update the program to open it")
    return _table(manifest, _KEYS, "manifest")


def _request(value: object, arrays: Arrays) -> RunRequest:
    table = _table(value, _REQUEST_KEYS, "request")
    settings, locked = table["settings"], table["locked"]
    if not isinstance(settings, list) or not isinstance(locked, bool):
        raise ProjectError("the request in its manifest is damaged")
    return RunRequest(
        sequence=_take_sequence(arrays, "request_"),
        stage=table["stage"],
        locks=_take_locks(arrays, "request_locks") if locked else None,
        settings=tuple(GenerationSettings.from_dict(entry) for entry in settings),
        model=_text(table["model"], "model"),
        device=_text(table["device"], "device"),
        dtype=_text(table["dtype"], "dtype"),
    )


def _names(value: object, depth: int) -> Names:
    if not isinstance(value, list) or len(value) > _MAX_NAMES:
        raise ProjectError("the names in its manifest are damaged")
    names = []
    for entry in value:
        table = _table(entry, {"stage", "cluster", "name"}, "list of names")
        stage, cluster = table["stage"], table["cluster"]
        whole = type(stage) is int and type(cluster) is int
        if not whole or not 0 <= stage <= depth or not 0 <= cluster < 1 << stage:
            raise ProjectError("a name in its manifest is of a cluster that does not exist")
        names.append((stage, cluster, _text(table["name"], "name")))
    if names != sorted(names) or len({name[:2] for name in names}) != len(names):
        raise ProjectError("the names in its manifest are out of order")
    return tuple(names)


def _table(value: object, keys: set[str], what: str) -> Json:
    if not isinstance(value, dict) or set(value) != keys:
        raise ProjectError(f"the {what} does not hold exactly {', '.join(sorted(keys))}")
    return value


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ProjectError(f"the {what} in its manifest is not a short text")
    return value


def _take_sequence(arrays: Arrays, prefix: str) -> GranularitySequence:
    bits, token_map = (_take(arrays, f"{prefix}{name}") for name in ("bits", "token_map"))
    return GranularitySequence(bits, token_map)


def _take_locks(arrays: Arrays, name: str) -> Locks:
    both = _take(arrays, name)
    if both.ndim != 2 or len(both) != 2:
        raise ProjectError("its locks are damaged")
    return Locks(both[0], both[1])


def _take(arrays: Arrays, name: str) -> Any:
    if name not in arrays:
        raise ProjectError(f"the array {name!r} is missing")
    return arrays.pop(name)
