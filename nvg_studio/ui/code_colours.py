"""The colours of codes: from the cache, or asked of the engine."""

from collections import OrderedDict

from PySide6.QtCore import QObject, Signal

from nvg_studio.editor.engine_link import EngineLink
from nvg_studio.sampling.events import CodeColours, Event, Failed, Picture
from nvg_studio.ui.messages import Kind, Notice

MOST_PATHS = 64
Path = tuple[int, ...]


class Codes(QObject):
    """`known` answers from the cache at once; `want` asks for what is missing, and `ready` says that it came.

    Colours belong to a path, the tokens of the coarser stages: what a code adds looks different on each.
    """

    ready = Signal()
    said = Signal(object)

    def __init__(self, link: EngineLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._known: OrderedDict[Path, Picture] = OrderedDict()
        self._job: int | None = None
        self._path: Path = ()

    def forget(self) -> None:
        """Another model is loaded: its codes have other colours."""
        self._known.clear()
        self._job = None

    def known(self, path: Path) -> Picture | None:
        """Colours uint8 [codes, 3] on top of a path, if they are known."""
        return self._known.get(path)

    def want(self, path: Path) -> None:
        """Ask for the colours on top of a path in place of what was asked for before."""
        if self._job is not None and path == self._path:
            return
        self.drop()
        if path not in self._known:
            self._path, self._job = path, self._link.colours(path)

    def drop(self) -> None:
        """Nobody waits any more."""
        if self._job is not None:
            self._link.cancel(self._job)
            self._job = None

    def handle(self, event: Event) -> None:
        """Take the answer; other events are not for here."""
        if self._job is None or event.job != self._job:
            return
        self._job = None
        if isinstance(event, CodeColours):
            self._known[self._path] = event.colours
            while len(self._known) > MOST_PATHS:
                self._known.popitem(last=False)
            self.ready.emit()
        elif isinstance(event, Failed):
            self.said.emit(Notice(event.message, Kind.ERROR, event.details))
