"""Damaged and hostile variants of files, each made again from its number: `mutate(data, generator)`.

Blind ones change bytes; those of archives also change single entries and pack them again with right checksums, so that
what lies behind the checksums is reached.
"""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

Random = np.random.Generator
Mutation = Callable[[bytes, Random], bytes]

ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**63, 10**40, 0.5, float("nan"), float("inf"), "", "x" * 5000, "../../x", "\0", [],
    {}, [[]], {"a": 1}, [0] * 3000,
)  # fmt: skip


def flip(data: bytes, random: Random) -> bytes:
    """Some bytes become others."""
    changed = bytearray(data)
    for place in random.integers(0, len(data), random.integers(1, 9)):
        changed[place] = random.integers(0, 256)
    return bytes(changed)


def cut(data: bytes, random: Random) -> bytes:
    """The end is missing."""
    return data[: random.integers(0, len(data))]


def drop(data: bytes, random: Random) -> bytes:
    """A piece from the middle is missing."""
    first, last = np.sort(random.integers(0, len(data), 2))
    return data[:first] + data[last:]


def repeat(data: bytes, random: Random) -> bytes:
    """A piece comes twice."""
    first, last = np.sort(random.integers(0, len(data), 2))
    return data[:last] + data[first:]


def stretch(data: bytes, random: Random) -> bytes:
    """Four bytes become a number that is too large, as sizes in headers are."""
    place = random.integers(0, max(len(data) - 4, 1))
    number = random.choice(np.array([0xFFFFFFFF, 0x7FFFFFFF, 0x10000, 0], dtype=np.uint64))
    order = "<u4" if random.integers(2) else ">u4"
    return data[:place] + np.array(number, order).tobytes() + data[place + 4 :]


BLIND: tuple[Mutation, ...] = (flip, cut, drop, repeat, stretch)


def mutate(data: bytes, random: Random) -> bytes:
    """One or two blind mutations."""
    for _ in range(random.integers(1, 3)):
        if data:
            data = BLIND[random.integers(len(BLIND))](data, random)
    return data


def mutate_archive(data: bytes, random: Random) -> bytes:
    """A zip archive with something wrong behind its checksums, or blindly mutated."""
    if random.random() < 0.3:
        return mutate(data, random)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    name = str(random.choice(sorted(entries)))
    kind = random.random()
    if name.endswith(".json") and kind < 0.8:
        entries[name] = _mutate_json(entries[name], random)
    elif name.endswith(".npz") and kind < 0.6:
        entries[name] = mutate_archive(entries[name], random)
    elif kind < 0.9:
        entries[name] = mutate(entries[name], random)
    else:
        entries[random.choice(["../x", "/x", "x.txt", "stages/99.png", f"pictures/{'0' * 64}.png"])] = entries.pop(name)
    return packed(entries)


def packed(entries: dict[str, bytes]) -> bytes:
    """A zip archive with right checksums."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _mutate_json(content: bytes, random: Random) -> bytes:
    """Somewhere in the tree a value becomes an odd one, or a key is lost or new."""
    tree = json.loads(content)
    places = list(_places(tree))
    node, key = places[random.integers(len(places))]
    deed = random.random()
    if deed < 0.7:
        node[key] = ODD_VALUES[random.integers(len(ODD_VALUES))]
    elif deed < 0.85:
        del node[key]
    elif isinstance(node, dict):
        node["surprise"] = 1
    else:
        node.append(node[key])
    return json.dumps(tree).encode()


def _places(tree: Any) -> Any:
    """Every container with every key or position in it."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield tree, key
        yield from _places(value)
