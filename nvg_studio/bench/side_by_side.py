"""The engine beside the plain reference path: the same weights, the same noise, one after the other in one run."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvg_studio.bench.timing import Times
from nvg_studio.granularity.clustering import cluster
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.model.checkpoint import Networks
from nvg_studio.sampling import reference
from nvg_studio.sampling.events import Picture
from nvg_studio.sampling.pipeline import NVGPipeline
from nvg_studio.sampling.settings import GenerationSettings
from nvg_studio.sampling.tokens import structure_noise

EULER_STEPS, FEW_STEPS, JUMPS = 25, 6, 2
AGREEMENT_STEPS = 2
LONGEST_S = 5.0
"""Longest reference generation that is timed as a whole."""


class SideBySide:
    """Both paths on one model. `round` makes one repeat of everything, `report` gives medians and ratios."""

    def __init__(self, networks: Networks, device: str, dtype: str) -> None:
        self._networks = networks
        self.pipeline = NVGPipeline(networks, device, dtype)
        networks.tokenizer.to(self.pipeline.device)
        networks.generator.to(self.pipeline.device)
        info = self.pipeline.info
        self._times = Times(self.pipeline.device)
        self._settings = GenerationSettings(class_id=0, seed=0, greedy=True).resolved(info.defaults)
        self._noise = structure_noise(0, info.cells, info.depth)
        self._locks = Locks.none(info.cells, info.depth).with_structure(np.ones(info.cells, bool), info.depth)
        self._latent = np.random.default_rng(0).standard_normal((info.cells, 32)).astype(np.float32)
        self._sequence = self._pair(AGREEMENT_STEPS)[1]

    def round(self) -> None:
        """One repeat of every measurement: what belongs together runs one after the other."""
        # One autocast for all stages, as around a whole generation: it keeps the rounded weights.
        with self._autocast():
            for stage in range(self.pipeline.info.depth + 1):
                self._time_stage(stage)
        canvas = torch.from_numpy(self.pipeline.canvas(self._sequence)).to(self.pipeline.device)[None]
        self._time(
            "decode", reference=lambda: self._decoded(canvas), engine=lambda: self.pipeline.decode(self._sequence)
        )
        self._time(
            "clustering", reference=lambda: reference.cluster(self._latent), engine=lambda: cluster(self._latent)
        )
        if not self._whole:
            return
        self._time(
            "whole",
            reference=lambda: self._reference(EULER_STEPS),
            engine=lambda: self._picture(EULER_STEPS, self._noise),
            few=lambda: self._picture(FEW_STEPS, None),
            **({"jumps": lambda: self._picture(JUMPS, None)} if self._jumps else {}),
        )
        self._time("fixed", reference=lambda: self._reference(1, self._sequence), engine=self._filled)

    @property
    def _jumps(self) -> bool:
        """Whether the model has a few-step network."""
        return self.pipeline.info.few_steps > 0

    @property
    def _whole(self) -> bool:
        """Whether whole generations are timed; where one takes minutes it is put together from its parts."""
        return self._total("reference", EULER_STEPS) < LONGEST_S

    def report(self) -> dict[str, Any]:
        """Seconds of both paths and their ratio, by what was measured; and how well their results agree."""
        rows = [*(self._rows_whole() if self._whole else self._rows_composed()), *self._rows_parts()]
        return {"rows": rows, "agreement": self._agreement()}

    def _time(self, name: str, **paths: Callable[[], object]) -> None:
        for kind, path in paths.items():
            with self._times.of(f"{name} {kind}"):
                path()

    def _time_stage(self, stage: int) -> None:
        """The content of a stage, and one step of its structure."""
        settings = replace(self._settings, structure_steps=1)
        runner, jumper = self.pipeline.runner([settings], noise=self._noise[None]), self.pipeline.runner([settings])
        with torch.inference_mode():
            state = runner.start(self._sequence, stage)
            self._time(
                f"content {stage}",
                reference=lambda: reference.token_logits(self._networks, settings, state.canvas, state.bits[0], stage),
                engine=lambda: runner.token_logits(state, stage, state.labels(stage)),
            )
            if stage < self.pipeline.info.depth - 1:
                noise = torch.from_numpy(self._noise).to(self.pipeline.device)
                bits, canvas = state.bits[0], state.canvas
                self._time(
                    f"structure {stage}",
                    reference=lambda: reference.flow(self._networks, settings, canvas, bits, stage, noise),
                    engine=lambda: runner.flow(state, stage),
                    **({"jumps": lambda: jumper.flow(state, stage)} if self._jumps else {}),
                )

    def _autocast(self) -> torch.autocast:
        return self.pipeline.precision.autocast(self.pipeline.device)

    def _decoded(self, canvas: Tensor) -> Tensor:
        with self._autocast():
            return reference.decode(self._networks, canvas).float().cpu()

    def _reference(self, steps: int, given: GranularitySequence | None = None) -> Tensor:
        settings = replace(self._settings, structure_steps=steps)
        bits = None
        if given is not None:
            bits = torch.from_numpy(given.bits.astype(np.int64)).to(self.pipeline.device)
        with self._autocast():
            result = reference.generate(self._networks, settings, self._noise, bits)
        return self._decoded(result.canvas)

    def _picture(self, steps: int, noise: NDArray[np.float32] | None) -> object:
        settings = replace(self._settings, structure_steps=steps)
        return self.pipeline.decode(self.pipeline.generate(settings, noise))

    def _filled(self) -> object:
        return self.pipeline.decode(self.pipeline.run_from(self._sequence, 0, self._settings, self._locks))

    def _sum(self, kind: str, part: str) -> float:
        """Seconds of a part over all stages; of the structure, for one step at each."""
        last = self.pipeline.info.depth + 1 - 2 * (part == "structure")
        return sum(self._times.median(f"{part} {stage} {kind}") for stage in range(last))

    def _total(self, kind: str, steps: int, structure: str | None = None) -> float:
        """Seconds of a generation from its parts; `structure`: whose structure steps, if not those of `kind`."""
        content, step = self._sum(kind, "content"), self._sum(structure or kind, "structure")
        return content + steps * step + self._times.median(f"decode {kind}")

    def _rows_whole(self) -> list[dict[str, Any]]:
        middle = self._times.median
        plain = middle("whole reference")
        return [
            _row(f"generation, {EULER_STEPS} Euler steps", plain, middle("whole engine")),
            _row(f"generation, {FEW_STEPS} steps", plain, middle("whole few")),
            *self._whole_jumps(plain),
            _row("content only, structure given", middle("fixed reference"), middle("fixed engine")),
        ]

    def _rows_composed(self) -> list[dict[str, Any]]:
        """Whole generations from their parts, for machines that take minutes for one."""
        total = self._total
        plain = total("reference", EULER_STEPS)
        return [
            _row(f"generation, {EULER_STEPS} Euler steps (sum of parts)", plain, total("engine", EULER_STEPS)),
            _row(f"generation, {FEW_STEPS} steps (sum of parts)", plain, total("engine", FEW_STEPS)),
            *self._composed_jumps(plain),
            _row("content only, structure given (sum of parts)", total("reference", 0), total("engine", 0)),
        ]

    def _whole_jumps(self, plain: float) -> Iterable[dict[str, Any]]:
        if self._jumps:
            yield _row(f"generation, {JUMPS} steps, few-step network", plain, self._times.median("whole jumps"))

    def _composed_jumps(self, plain: float) -> Iterable[dict[str, Any]]:
        if self._jumps:
            seconds = self._total("engine", JUMPS, structure="jumps")
            yield _row(f"generation, {JUMPS} steps, few-step network (sum of parts)", plain, seconds)

    def _rows_parts(self) -> Iterable[dict[str, Any]]:
        yield _row("content network, all stages", self._sum("reference", "content"), self._sum("engine", "content"))
        yield _row(
            "structure network, a step at all stages",
            self._sum("reference", "structure"),
            self._sum("engine", "structure"),
        )
        for name in ("decode", "clustering"):
            yield _row(name, self._times.median(f"{name} reference"), self._times.median(f"{name} engine"))

    def _pair(self, steps: int) -> tuple[reference.Result, GranularitySequence]:
        """The picture of one seed by both paths; the reference in float32."""
        settings = replace(self._settings, structure_steps=steps)
        plain = reference.generate(self._networks, settings, self._noise)
        return plain, self.pipeline.generate(settings, self._noise)

    def _agreement(self) -> dict[str, float]:
        """Greedy pictures of the engine against the reference in float32: equal bits and tokens, and PSNR in dB.

        `decoded_psnr_db` is that of one canvas decoded by both, `picture_psnr_db` that of whole generations: one token
        that differs, where two are nearly equally likely, makes another picture.
        """
        plain, ours = self._pair(AGREEMENT_STEPS)
        expected = reference.decode(self._networks, plain.canvas).cpu()[0].permute(1, 2, 0).numpy()
        tokens, bits = plain.token_map.cpu().numpy(), plain.bits.cpu().numpy()
        same = GranularitySequence(bits.astype(np.uint8), tokens.astype(np.int32))
        return {
            "equal_bits": float((bits == ours.bits).mean()),
            "equal_tokens": float((tokens == ours.token_map).mean()),
            "decoded_psnr_db": _psnr(expected, self.pipeline.decode(same)),
            "picture_psnr_db": _psnr(expected, self.pipeline.decode(ours)),
        }


def _psnr(expected: NDArray[np.float32], bytes_: Picture) -> float:
    """dB between a picture in [-1, 1] and one cut to bytes."""
    error = np.square(expected - ((bytes_ + 0.5) / 127.5 - 1)).mean()
    return float(10 * np.log10(4 / error))


def _row(what: str, reference_s: float, engine_s: float) -> dict[str, Any]:
    return {"what": what, "reference_s": reference_s, "engine_s": engine_s, "ratio": engine_s / reference_s}
