"""An engine without networks, for tests and for working on the window: same interface, deterministic, in this process.

A token is read as a colour of 4 bits a channel, so encoding a photo gives mosaics from coarse to fine, and a run gives
balanced trees and colours drawn from (seed, class, stage). Locks hold exactly as in the real engine.

    engine = ScriptedEngine()              # every poll() does one step: one event of a run, or one whole other job
    engine = ScriptedEngine(manual=True)   # nothing happens until engine.step(); poll() only reports
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nvg_studio.granularity.hierarchy import BitArray, bits_to_labels, split
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.structure_method import Halves, Pairs
from nvg_studio.ids import Identity, TokenizerId, model_with
from nvg_studio.sampling.events import (
    Cancelled,
    CodeColours,
    Decoded,
    Done,
    Encoded,
    Event,
    Failed,
    ModelReady,
    Picture,
    Reading,
    StageDone,
    Structure,
)
from nvg_studio.sampling.settings import GenerationSettings, ModelInfo, RunRequest

LEVELS = 16
"""Colour levels a channel; there are LEVELS**3 tokens."""


def identity_named(tokenizer: str, networks: str = "00" * 32) -> Identity:
    """The identity of a model without weights, 64 hex digits each for its tokenizer and for the rest."""
    name = TokenizerId(tokenizer)
    return Identity(name, model_with(name, networks))


SCRIPTED_INFO = ModelInfo(
    name="scripted",
    identity=identity_named("5c" * 32),
    image_size=64,
    grid=16,
    depth=8,
    class_names=("daisy", "dandelion", "roses", "sunflowers", "tulips"),
    defaults=GenerationSettings(
        content_guidance=(1.0, 3.5),
        structure_guidance=(1.0, 2.5),
        structure_steps=25,
        top_p=(1.0, 0.5),
        top_k=0,
        temperature=1.0,
        gumbel_split=False,
        greedy=False,
    ),
    conditions_on_known_cells=True,
    supports_unbalanced_trees=True,
    few_steps=0,
    structure_method=Pairs(),
    device="cpu",
    dtype="float32",
    folder="scripted",
    runtime="scripted 1.0",
)


def tokens_to_colours(tokens: npt.NDArray[np.int32]) -> Picture:
    """Tokens [...] -> uint8 [..., 3]."""
    channels = np.stack([tokens // LEVELS**2, tokens // LEVELS % LEVELS, tokens % LEVELS], axis=-1)
    return (channels * (255 // (LEVELS - 1))).astype(np.uint8)


def colours_to_tokens(colours: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Colours [..., 3] in 0..255 -> int32 tokens [...]."""
    r, g, b = np.moveaxis(np.rint(np.clip(colours, 0, 255) / 255 * (LEVELS - 1)).astype(np.int32), -1, 0)
    return np.asarray((r * LEVELS + g) * LEVELS + b, dtype=np.int32)


def draw(sequence: GranularitySequence, stage: int, info: ModelInfo) -> Picture:
    """The picture of a stage: every cell in the colour of its token; uint8 [image_size, image_size, 3]."""
    side = info.image_size // info.grid
    cells = tokens_to_colours(sequence.token_map[stage]).reshape(info.grid, info.grid, 3)
    return cells.repeat(side, axis=0).repeat(side, axis=1)


def encode(image: Picture, info: ModelInfo, structure: Structure | None = None) -> GranularitySequence:
    """The sequence of `read`."""
    return read(image, info, structure).sequence


def read(image: Picture, info: ModelInfo, structure: Structure | None = None) -> Reading:
    """The centre square of uint8 [H, W, 3] as a balanced tree, tokens the mean colours.

    The tree is cut by brightness, by whatever method; or it is given.
    """
    size = min(image.shape[:2])
    top, left = (image.shape[0] - size) // 2, (image.shape[1] - size) // 2
    picks = (np.arange(info.grid) * 2 + 1) * size // (2 * info.grid)
    colours = image[np.ix_(top + picks, left + picks)].reshape(-1, 3).astype(np.float64)
    brightness = colours.mean(axis=1)
    if structure is None or isinstance(structure, Halves | Pairs):
        bits = _cut(brightness, info.depth)
    else:
        bits = structure
    tokens = [_mean_tokens(colours, bits_to_labels(bits, stage)) for stage in range(info.depth + 1)]
    return Reading(GranularitySequence(bits, np.stack(tokens)), brightness.astype(np.float32))


def _cut(values: npt.NDArray[np.float64], depth: int) -> BitArray:
    bits = np.zeros((len(values), depth), np.uint8)
    for level in range(depth):
        bits[:, level] = split(values, bits_to_labels(bits, level), None)
    return bits


def _mean_tokens(colours: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    counts = np.maximum(np.bincount(labels), 1)
    means = np.stack([np.bincount(labels, colours[:, c]) / counts for c in range(3)], axis=-1)
    return colours_to_tokens(means[labels])


def run_stages(
    sequence: GranularitySequence, start: int, locks: Locks | None, settings: GenerationSettings
) -> Iterator[tuple[int, GranularitySequence]]:
    """The stages of a run: (stage, sequence so far). Random numbers depend on seed, class and stage alone."""
    bits, token_map = sequence.bits.copy(), sequence.token_map.copy()
    locks = locks or Locks.none(*bits.shape)
    depth = bits.shape[1]
    for stage in range(start, depth + 1):
        key = [settings.seed, (settings.class_id if settings.class_id is not None else -1) + 1, stage]
        random = np.random.default_rng(key)
        labels = bits_to_labels(bits, stage)
        colours = random.uniform(0, 255, (2**stage, 3))
        if stage > 0:
            parents = tokens_to_colours(token_map[stage - 1])[_first_cells(labels, 2**stage)]
            colours = parents + (colours - 127.5) / (stage + 1)
        fresh = colours_to_tokens(colours)[labels]
        token_map[stage] = np.where(locks.tokens[stage], token_map[stage], fresh)
        if stage < depth:
            known = np.where(locks.bits[:, stage], bits[:, stage].astype(np.int8), np.int8(-1))
            bits[:, stage] = split(random.standard_normal(len(bits)), labels, known)
        yield stage, GranularitySequence(bits, token_map)


def _first_cells(labels: npt.NDArray[np.int64], clusters: int) -> npt.NDArray[np.int64]:
    """The first cell of every cluster [clusters]; 0 for an empty one."""
    first = np.zeros(clusters, np.int64)
    first[labels[::-1]] = np.arange(len(labels))[::-1]
    return first


class ScriptedEngine:
    """The engine's interface (`engine.Engine`) without a process.

    `requests` lists every RunRequest it received, `structures` by what every encoding was. `fail_next` and
    `die` simulate failures of the real one.
    `rough`: stages before the last are drawn roughly, as by a model that has a preview decoder.
    """

    def __init__(self, info: ModelInfo = SCRIPTED_INFO, *, manual: bool = False) -> None:
        self.info = info
        self.manual = manual
        self.rough = False
        self.requests: list[RunRequest] = []
        self.structures: list[Structure | None] = []
        self.closed = False
        self._numbers = itertools.count(1)
        self._work: dict[int, Iterator[Event]] = {}
        self._quick: set[int] = set()
        self._outbox: list[Event] = []
        self._load_job: int | None = None
        self._failure: str | None = None

    def load(self, folder: str, device: str = "auto", dtype: str = "auto") -> int:
        """Ask for a model: answers ModelReady with `info` (its folder replaced)."""
        job = self._add(self._loading(folder))
        self._load_job = job
        return job

    def run(self, request: RunRequest) -> int:
        """Ask for a run: answers StageDone for every stage, then Done."""
        self.requests.append(request)
        return self._add(self._running(request))

    def encode(self, image: Picture, structure: Structure | None = None) -> int:
        """Ask for the sequence of uint8 [H, W, 3]: answers Encoded."""
        self.structures.append(structure)
        return self._add(iter([Encoded(0, *read(image, self.info, structure))]))

    def decode(self, sequence: GranularitySequence, stages: tuple[int, ...]) -> int:
        """Ask for stage pictures: answers Decoded, also in the middle of a run."""
        job = self._add(iter([Decoded(0, {stage: draw(sequence, stage, self.info) for stage in stages})]))
        self._quick.add(job)
        return job

    def colours(self, path: tuple[int, ...]) -> int:
        """Ask for the colours of all codes: answers CodeColours; a token is its colour whatever lies below it."""
        return self._add(iter([CodeColours(0, tokens_to_colours(np.arange(LEVELS**3, dtype=np.int32)))]))

    def cancel(self, job: int | None = None) -> None:
        """Stop a job (None: all of them): answers Cancelled."""
        for number in [n for n in self._work if job in (None, n)]:
            self._end(Cancelled(number))

    def poll(self) -> list[Event]:
        """What happened since the last call; does one step first unless the engine is manual."""
        if not self.manual:
            self.step()
        events, self._outbox = self._outbox, []
        return events

    def close(self) -> None:
        """Drop all work."""
        self._work.clear()
        self._outbox.clear()
        self.closed = True

    @property
    def busy(self) -> bool:
        """Whether a job is unfinished."""
        return bool(self._work)

    def step(self, count: int = 1) -> None:
        """Do the next `count` steps; decode jobs go first, as between the stages of a real run."""
        for _ in range(count):
            job = next((n for n in self._work if n in self._quick), None) or next(iter(self._work), None)
            if job is None:
                return
            if self._failure is not None and job not in self._quick:
                self._end(Failed(job, self._failure, ""))
                self._failure = None
                continue
            event = replace(next(self._work[job]), job=job)
            if isinstance(event, StageDone):
                self._outbox.append(event)
            else:
                self._end(event)

    def finish(self) -> None:
        """Carry out all requested work."""
        while self.busy:
            self.step()

    def fail_next(self, message: str) -> None:
        """Let the next step of a load, run or encode end in Failed with this line."""
        self._failure = message

    def die(self) -> None:
        """As if the engine process were killed: the job under way fails, and the model is loaded again."""
        job = next(iter(self._work), None)
        if job is not None:
            self._end(Failed(job, "The engine process died; it was started again. Try once more.", ""))
        if self._load_job is not None:
            self._work = {self._load_job: self._loading(self.info.folder)} | self._work

    def _add(self, work: Iterator[Event]) -> int:
        job = next(self._numbers)
        self._work[job] = work
        return job

    def _end(self, event: Event) -> None:
        self._work.pop(event.job, None)
        self._quick.discard(event.job)
        self._outbox.append(event)

    def _loading(self, folder: str) -> Iterator[Event]:
        self.info = replace(self.info, folder=folder)
        yield ModelReady(0, self.info)

    def _running(self, request: RunRequest) -> Iterator[Event]:
        sequences = [request.sequence] * len(request.settings)
        runs = [run_stages(request.sequence, request.stage, request.locks, s) for s in request.settings]
        for steps in zip(*runs, strict=True):
            for item, (stage, sequence) in enumerate(steps):
                sequences[item] = sequence
                rough = self.rough and stage < self.info.depth
                picture = draw(sequence, stage, self.info)
                yield StageDone(0, item, stage, sequence, picture & np.uint8(0xC0) if rough else picture, rough)
        pictures = tuple(draw(sequence, self.info.depth, self.info) for sequence in sequences)
        yield Done(0, tuple(sequences), pictures)
