"""The colours of codes: from the cache, or from the engine."""

from collections import OrderedDict

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.engine_client import EngineClient
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.sampling.events import CodeColours, Event, Failed, Picture

MAX_PATHS = 64
Path = tuple[int, ...]


class CodebookColours(QObject):
    """`cached` answers from the cache at once; `request` asks for what is missing, and `ready` says that it came.

    Colours belong to a path, the tokens of the coarser stages: what a code adds looks different on each.
    """

    ready = Signal()
    notified = Signal(object)

    def __init__(self, engine: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._cache: OrderedDict[Path, Picture] = OrderedDict()
        self._job: int | None = None
        self._path: Path = ()

    def clear(self) -> None:
        """Another model is loaded: its codes have other colours."""
        self._cache.clear()
        self._job = None

    def cached(self, path: Path) -> Picture | None:
        """Colours uint8 [codes, 3] on top of a path, if they are known."""
        return self._cache.get(path)

    def request(self, path: Path) -> None:
        """Request the colours on top of a path; this replaces the request before."""
        if self._job is not None and path == self._path:
            return
        self.cancel()
        if path not in self._cache:
            self._path, self._job = path, self._engine.colours(path)

    def cancel(self) -> None:
        """Cancel the request."""
        if self._job is not None:
            self._engine.cancel(self._job)
            self._job = None

    def handle_event(self, event: Event) -> None:
        """Handle the answer; other events are ignored."""
        if self._job is None or event.job != self._job:
            return
        self._job = None
        if isinstance(event, CodeColours):
            self._cache[self._path] = event.colours
            while len(self._cache) > MAX_PATHS:
                self._cache.popitem(last=False)
            self.ready.emit()
        elif isinstance(event, Failed):
            self.notified.emit(Notice(event.message, Kind.ERROR, event.details))
