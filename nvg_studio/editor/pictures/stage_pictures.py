"""Stage pictures: from the cache, or decoded by the engine on request."""

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.engine_client import EngineClient
from nvg_studio.engine.picture_cache import RenderingCache
from nvg_studio.granularity.sequence import GranularitySequence
from nvg_studio.ids import UNKNOWN, Identity, ModelId, tokenizer_of
from nvg_studio.project.rendering import Rendering
from nvg_studio.sampling.events import Cancelled, Decoded, Event, Failed, Picture

PREVIEW_CACHE_BYTES = 8 * 2**20
"""Bytes of the preview decoder's pictures: they stand in until the decoder's own are there."""


class StagePictures(QObject):
    """`picture` answers from the cache at once; `request` names what is shown next, and replaces the request before.

    There is one decode job at a time, so that the current request never waits for earlier ones.
    """

    ready = Signal()

    def __init__(self, engine: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._cache, self._previews = RenderingCache(), RenderingCache(PREVIEW_CACHE_BYTES)
        self._identity: Identity | None = None
        self._models: list[ModelId] = []
        self.stored: Rendering | None = None
        """The stages that came with the project; not used where the loaded model draws them otherwise."""
        self._requested: list[tuple[GranularitySequence, int]] = []
        self._job: int | None = None
        self._active: tuple[GranularitySequence, tuple[int, ...]] | None = None
        self._failed: set[tuple[str, int]] = set()

    def set_model(self, identity: Identity) -> None:
        """New pictures are those of this model from now on; those of models before stay with their sequences.

        Models with the same tokenizer share their sequences, which the loaded one decodes again.
        """
        if self._identity is not None and self._identity.tokenizer != identity.tokenizer:
            self._requested = []  # these are sequences of another tokenizer; the window requests what it shows now
        others = (one for one in self._models if tokenizer_of(one) != identity.tokenizer)
        self._identity, self._models = identity, [identity.model, *others]
        self._failed.clear()
        self._job = None
        self._request_next()

    @property
    def busy(self) -> bool:
        """Whether the engine is decoding a picture for the window."""
        return self._job is not None

    def picture(self, sequence: GranularitySequence, stage: int) -> Picture | None:
        """uint8 [H, W, 3] of a stage, if it is known."""
        stored = self._stored_of(sequence)
        if stored is not None and stage in stored.pictures:
            return stored.pictures[stage]
        found = (self._cache.get(model, sequence, stage) for model in self._models)
        return next((picture for picture in found if picture is not None), None)

    def model_of(self, sequence: GranularitySequence) -> ModelId | None:
        """The model that makes the pictures of a sequence; None where there is none."""
        stored = self._stored_of(sequence)
        if stored is not None:
            return stored.model if self._identity is None else self._identity.current_model(stored.model)
        seen = (model for model in self._models if self._cache.get(model, sequence, sequence.depth) is not None)
        return next(seen, self._model)

    def rendering(self, sequence: GranularitySequence) -> Rendering | None:
        """The known stage pictures of a sequence; None where none is known."""
        stages = {stage: self.picture(sequence, stage) for stage in range(sequence.depth + 1)}
        known = {stage: picture for stage, picture in stages.items() if picture is not None}
        model = self.model_of(sequence)
        return Rendering.known(model, sequence, known) if model is not None and known else None

    def _stored_of(self, sequence: GranularitySequence) -> Rendering | None:
        """The stages that came with the project, where they are this sequence's and no other decoder is loaded."""
        if self.stored is None or not self.stored.shows(UNKNOWN, sequence):
            return None
        if self._identity is not None:
            model = self._identity.current_model(self.stored.model)
            if model != self._identity.model and tokenizer_of(model) == self._identity.tokenizer:
                return None
        return self.stored

    @property
    def _model(self) -> ModelId | None:
        return self._models[0] if self._models else None

    def add(self, sequence: GranularitySequence, stage: int, picture: Picture) -> None:
        """Remember a picture that came by another way (a run's preview)."""
        if self._model is not None:
            self._cache.put(self._model, sequence, stage, picture)

    def picture_or_preview(self, sequence: GranularitySequence, stage: int) -> Picture | None:
        """`picture`, or the preview decoder's picture of the stage until that is there; never stored."""
        picture = self.picture(sequence, stage)
        if picture is None and self._model is not None:
            picture = self._previews.get(self._model, sequence, stage)
        return picture

    def add_preview(self, sequence: GranularitySequence, stage: int, picture: Picture) -> None:
        """Remember a picture of the preview decoder."""
        if self._model is not None:
            self._previews.put(self._model, sequence, stage, picture)

    def request(self, requested: list[tuple[GranularitySequence, int]]) -> None:
        """Decode these stages, the first ones first, if they are not known yet."""
        self._requested = requested
        self._request_next()

    def handle_event(self, event: Event) -> None:
        """Handle the answer to a decode job; other events are ignored."""
        if self._job is None or event.job != self._job:
            return
        assert self._active is not None
        sequence, stages = self._active
        if isinstance(event, Decoded):
            for stage, picture in event.pictures.items():
                self.add(sequence, stage, picture)
        elif isinstance(event, Failed):
            self._failed.update((sequence.digest(stage), stage) for stage in stages)
        elif not isinstance(event, Cancelled):
            return
        self._job = None
        self._request_next()
        self.ready.emit()

    def _request_next(self) -> None:
        if self._model is None or self._job is not None:
            return
        missing = [
            (sequence, stage)
            for sequence, stage in self._requested
            if self.model_of(sequence) == self._model
            and self.picture(sequence, stage) is None
            and (sequence.digest(stage), stage) not in self._failed
        ]
        if missing:
            # One at a time: it is seen soon, and a run that is asked for next waits for no more than this one.
            sequence, stage = missing[0]
            self._active = (sequence, (stage,))
            self._job = self._engine.decode(*self._active)
