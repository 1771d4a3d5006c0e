"""NVGPipeline: pictures to sequences, sequences to pictures, and new stages from the networks."""

from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nvg_studio.errors import CheckpointError, SequenceError, SettingsError
from nvg_studio.granularity.clustering import structure_maps
from nvg_studio.granularity.hierarchy import all_labels, labels_to_bits
from nvg_studio.granularity.locks import Locks
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.granularity.structure_method import Halves, Pairs, StructureMethod
from nvg_studio.imaging.crop import fit_square
from nvg_studio.model.checkpoint import Networks, load_model, save_model
from nvg_studio.model.config import ModelConfig
from nvg_studio.model.few_step import MAX_STEPS
from nvg_studio.model.official import load_official
from nvg_studio.sampling.code_colours import code_colours
from nvg_studio.sampling.compute import Compute
from nvg_studio.sampling.devices import resolve_device
from nvg_studio.sampling.events import Event, Picture, Reading, StageDone, Structure
from nvg_studio.sampling.flow import Solver, euler
from nvg_studio.sampling.pixels import to_bytes, to_unit_range
from nvg_studio.sampling.precision import AUTO, Precision, rules_for
from nvg_studio.sampling.runner import BatchState, Runner, StopFlag
from nvg_studio.sampling.settings import GenerationSettings, ModelInfo, resolve_all
from nvg_studio.sampling.tokens import structure_noise as draw_structure_noise

EventHook = Callable[[Event], None]


class NVGPipeline:
    """A model with a device; nothing about it changes after loading."""

    def __init__(
        self,
        networks: Networks,
        device: str = "auto",
        dtype: str | Precision = AUTO,
        folder: str = "",
        solver: Solver | None = None,
        owned: bool = False,
    ) -> None:
        """A model of these networks.

        Args:
            dtype: as of `from_pretrained`, or a precision that was chosen already.
            solver: as of `Runner`.
            owned: nobody else uses the networks: they are moved and rounded in place. Otherwise they are left alone.
        """
        self.device = resolve_device(device)
        self.precision = dtype if isinstance(dtype, Precision) else rules_for(self.device).sampling(dtype)
        self._solver = solver
        self._compute = Compute(networks, self.device, self.precision, owned)
        self._networks = self._compute.networks
        self.config: ModelConfig = networks.config
        self.structure_method: StructureMethod = networks.config.tokenizer.structure_method
        self.info = self._describe(folder)

    @classmethod
    def from_pretrained(cls, model: str | Path, device: str = "auto", dtype: str = "auto") -> "NVGPipeline":
        """Load a model (config.json and safetensors).

        Args:
            model: the folder, or the name of a model on this machine ("flowers", "d16" once it is downloaded).
            device: "auto" (CUDA, else MPS, else CPU) or a torch device name.
            dtype: "auto" (bfloat16 on CUDA, else float32), "float32" or "bfloat16".

        Raises:
            CheckpointError, DeviceError.
        """
        folder = Path(model)
        if not folder.is_dir():
            # Only here, so that training runs where the libraries of the hub are not installed.
            from nvg_studio.hub.library import find

            folder = find(str(model))
        return cls(load_model(folder), device, dtype, folder=str(folder), owned=True)

    @classmethod
    def from_official(
        cls, autoencoder: str | Path, generator: str | Path, ema: bool = True, device: str = "auto", dtype: str = "auto"
    ) -> "NVGPipeline":
        """Load the two published training checkpoints; sizes are read from the tensors.

        Args:
            ema: take the averaged generator weights (as published results do) instead of the raw ones.

        Raises:
            CheckpointError: naming missing or misshapen tensors.
        """
        networks = load_official(Path(autoencoder), Path(generator), ema)
        return cls(networks, device, dtype, folder=str(generator), owned=True)

    def with_solver(self, solver: Solver) -> "NVGPipeline":
        """The same model on the same device, with this solver of the structure flow at any number of steps."""
        other = copy(self)
        other._solver = solver
        return other

    def with_structure_method(self, method: StructureMethod) -> "NVGPipeline":
        """The same model on the same device; it clusters pictures by this method unless told otherwise."""
        other = copy(self)
        other.structure_method = method
        return other

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the model as a folder that `from_pretrained` reads.

        Raises:
            SettingsError: the pipeline was made for bfloat16 and holds rounded weights.
        """
        if self.precision.round_weights:
            raise SettingsError("The weights were rounded to bfloat16: load the model with dtype float32 to save it.")
        parts = self._networks
        save_model(
            self.config, parts.tokenizer, parts.generator, Path(folder), torch.float32, parts.few_step, parts.preview
        )

    def encode(self, image: Picture, structure: Structure | None = None) -> GranularitySequence:
        """A picture's sequence: its centre square, resized to the model's size, encoded, clustered, quantised.

        Args:
            image: uint8 [H, W, 3], RGB, any size from 8 pixels.
            structure: how it is clustered, or its very bits uint8 [L, K]; None: by the model's own method.

        Raises:
            PictureError: another shape or type. SequenceError: bits of another grid.
        """
        return self.read(image, structure).sequence

    @torch.inference_mode()
    def read(self, image: Picture, structure: Structure | None = None) -> Reading:
        """As `encode`, with the brightness of the cells."""
        latent = self._encode(image)
        found = latent[0].float().cpu().numpy()
        labels = self._labels(found, self.structure_method if structure is None else structure)
        groups = torch.from_numpy(labels).unsqueeze(0).to(self.device)
        token_map = self._networks.tokenizer.quantizer(latent, groups).token_map[0].cpu().numpy()
        sequence = GranularitySequence(labels_to_bits(labels[-1], self.info.depth), token_map.astype(np.int32))
        return Reading(sequence, found.mean(1))

    @torch.inference_mode()
    def latent(self, image: Picture) -> NDArray[np.float32]:
        """What the encoder makes of a picture uint8 [H, W, 3], before it is clustered: float32 [L, C]."""
        return np.asarray(self._encode(image)[0].float().cpu().numpy())

    def _encode(self, image: Picture) -> torch.Tensor:
        """The latent [1, L, C] of the centre square of a picture."""
        square = fit_square(image, self.config.tokenizer.image_size)
        return self._networks.tokenizer.encode(to_unit_range(square).to(self.device))

    def _labels(self, latent: NDArray[np.float32], structure: Structure) -> NDArray[np.int64]:
        """Structure maps int64 [K + 1, L]."""
        if isinstance(structure, Halves | Pairs):
            return structure_maps(latent, structure)
        if structure.shape != (self.info.cells, self.info.depth):
            raise SequenceError(f"Bits {list(structure.shape)} do not fit a model with {self.info.cells} cells.")
        return all_labels(structure)

    @torch.inference_mode()
    def canvas(self, sequence: GranularitySequence, stage: int | None = None) -> NDArray[np.float32]:
        """The accumulated latent float32 [L, C] after `stage` (the last one if None)."""
        return np.asarray(self._canvas(sequence, stage)[0].cpu().numpy())

    @torch.inference_mode()
    def decode(self, sequence: GranularitySequence, stage: int | None = None) -> Picture:
        """The picture uint8 [S, S, 3] after `stage` (the last one if None)."""
        return to_bytes(self._compute.decode(self._canvas(sequence, stage)))[0]

    @torch.inference_mode()
    def code_colours(self, path: Sequence[int], cancel: StopFlag | None = None) -> Picture:
        """The colour that every code gives as content of stage len(path): see `sampling.code_colours`."""
        return code_colours(self._compute, path, cancel)

    def generate(
        self,
        settings: GenerationSettings,
        structure_noise: NDArray[np.float32] | None = None,
        on_event: EventHook | None = None,
        cancel: StopFlag | None = None,
    ) -> GranularitySequence:
        """A new picture.

        Args:
            structure_noise: float32 [L, K], of a published run that is to be reproduced: it replaces the noise drawn
                from the seed, and the structure takes Euler's steps, as there.
        """
        noise = None if structure_noise is None else structure_noise[None]
        return self._run(self._blank(), 0, [settings], None, noise, on_event, cancel)[0]

    def generate_batch(
        self, settings: Sequence[GenerationSettings], on_event: EventHook | None = None, cancel: StopFlag | None = None
    ) -> list[GranularitySequence]:
        """New pictures, one for each of `settings`, in one batch."""
        return self._run(self._blank(), 0, settings, None, None, on_event, cancel)

    def run_from(
        self,
        sequence: GranularitySequence,
        stage: int,
        settings: GenerationSettings,
        locks: Locks | None = None,
        on_event: EventHook | None = None,
        cancel: StopFlag | None = None,
    ) -> GranularitySequence:
        """Keep the bits of levels up to `stage` and the tokens of earlier stages; generate the rest.

        Args:
            stage: 0..K, the first stage whose tokens are drawn.
            locks: held bits and tokens stay wherever they are.
            on_event: called with a StageDone after every stage; before the last one only the first picture of a
                batch has a preview, by the preview decoder where the model has one.
            cancel: asked before every network call.

        Raises:
            Cancelled, SettingsError, SequenceError. The input is never changed.
        """
        return self._run(sequence, stage, [settings], locks, None, on_event, cancel)[0]

    def run_from_batch(
        self,
        sequence: GranularitySequence,
        stage: int,
        settings: Sequence[GenerationSettings],
        locks: Locks | None = None,
        on_event: EventHook | None = None,
        cancel: StopFlag | None = None,
    ) -> list[GranularitySequence]:
        """Variations: `run_from` once for each of `settings`, in one batch. All take the same structure steps."""
        return self._run(sequence, stage, settings, locks, None, on_event, cancel)

    def _run(
        self,
        sequence: GranularitySequence,
        stage: int,
        settings: Sequence[GenerationSettings],
        locks: Locks | None,
        noise: NDArray[np.float32] | None,
        on_event: EventHook | None,
        cancel: StopFlag | None,
    ) -> list[GranularitySequence]:
        self._check_sequence(sequence)
        if not 0 <= stage <= self.info.depth:
            raise SettingsError(f"A run cannot start at stage {stage}: use 0 to {self.info.depth}.")
        runner = self.runner(settings, locks, noise, cancel)
        return runner.run(sequence, stage, self._stage_hook(on_event) if on_event else None)

    def runner(
        self,
        settings: Sequence[GenerationSettings],
        locks: Locks | None = None,
        noise: NDArray[np.float32] | None = None,
        cancel: StopFlag | None = None,
    ) -> Runner:
        """What walks the stages of a run, for those who take them one by one; `noise` as in `generate`, [n, L, K]."""
        solver = self._solver if noise is None else euler
        resolved = resolve_all(settings, self.info)
        shape = (len(resolved), self.info.cells, self.info.depth)
        if noise is None:
            noise = np.stack([draw_structure_noise(s.seed, *shape[1:]) for s in resolved])
        elif noise.shape != shape:
            raise SettingsError(f"Structure noise must have shape {list(shape[1:])}, not {list(noise.shape[1:])}.")
        locks = locks or Locks.none(self.info.cells, self.info.depth)
        if locks.cells != self.info.cells:
            raise SequenceError(f"Locks on {locks.cells} cells do not fit a model with {self.info.cells}.")
        noise = noise.astype(np.float32)
        return Runner(self._compute, resolved, locks, noise, cancel, solver)

    def _stage_hook(self, on_event: EventHook) -> Callable[[int, BatchState], None]:
        def hook(stage: int, state: BatchState) -> None:
            last = stage == self.info.depth
            # On the way only the first picture is looked at, and only until the next stage replaces it.
            seen = state.canvas if last else state.canvas[:1]
            rough = not last and self._networks.preview is not None
            pictures = [*to_bytes((self._compute.draw_preview if rough else self._compute.decode)(seen))]
            for item, sequence in enumerate(state.sequences()):
                picture = pictures[item] if item < len(pictures) else None
                on_event(StageDone(0, item, stage, sequence, picture, rough and picture is not None))

        return hook

    def _check_sequence(self, sequence: GranularitySequence) -> None:
        codes = self.config.tokenizer.codebook_size
        if sequence.cells != self.info.cells:
            raise SequenceError(
                f"This work has {sequence.cells} cells, the model {self.info.cells}: load a model that fits."
            )
        if int(sequence.token_map.max()) >= codes:
            raise SequenceError(
                f"This work uses tokens beyond the model's {codes} codes: load the model it was made with."
            )

    def _canvas(self, sequence: GranularitySequence, stage: int | None) -> torch.Tensor:
        self._check_sequence(sequence)
        last = self.info.depth if stage is None else stage
        if not 0 <= last <= self.info.depth:
            raise SettingsError(f"There is no stage {last}: use 0 to {self.info.depth}.")
        tokens = torch.from_numpy(sequence.token_map[: last + 1].astype(np.int64)).unsqueeze(0).to(self.device)
        quantizer = self._networks.tokenizer.quantizer
        canvas = quantizer.residual(tokens[:, 0], 0)
        for number in range(1, last + 1):
            canvas = canvas + quantizer.residual(tokens[:, number], number)
        return canvas

    def _blank(self) -> GranularitySequence:
        return GranularitySequence.blank(self.info.cells, self.info.depth)

    def _describe(self, folder: str) -> ModelInfo:
        tok = self.config.tokenizer
        return ModelInfo(
            name=self.config.name,
            identity=self._networks.identity,
            image_size=tok.image_size,
            grid=tok.grid,
            depth=tok.depth,
            class_names=self.config.class_names,
            defaults=_defaults(self.config),
            conditions_on_known_cells=self.config.conditions_on_known_cells,
            supports_unbalanced_trees=self.config.supports_unbalanced_trees,
            few_steps=MAX_STEPS if self._networks.few_step else 0,
            structure_method=tok.structure_method,
            device=str(self.device),
            dtype=self.precision.name,
            folder=folder,
            runtime=f"torch {torch.__version__}",
        )


def _defaults(config: ModelConfig) -> GenerationSettings:
    """The model's own settings; raises CheckpointError where they are incomplete or out of range."""
    try:
        defaults = GenerationSettings.from_dict(config.sampling)
        defaults.check(config.generator.classes)
    except SettingsError as error:
        raise CheckpointError(f"The model's default settings are wrong: {error}") from error
    missing = [name for name, value in vars(defaults).items() if value is None and name != "class_id"]
    if missing:
        raise CheckpointError(f"The model's configuration lacks defaults for {', '.join(missing)}.")
    return defaults
