"""NVG Studio: pictures made from coarse to fine, which can be edited at every level.

The rooms, from the bottom up (each imports only from those above it in this list):

    errors        what can go wrong, as one line each; paths; atomic: writing of files; ids: of models and tokenizers;
                  native_runtime: threads and memory of processes that compute
    granularity   the data structure: bits, token map, edits and locks (numpy)
    imaging       pixels: reading, composing, drawing (numpy, OpenCV, Pillow)
    model         the networks and their files (torch)
    hub           this machine's models: fetching, importing and publishing them (no torch at import)
    sampling      from networks to sequences: pipeline, precision, settings, events
    engine        the process that runs models for the window
    project       the document: snapshots, history, files, export (no torch)
    training      data, losses, recipes, loop
    evaluation    metrics and reports
    bench         speed and memory, side by side with the method written plainly
    ui            the window (Qt; no torch)
    cli           the command line

The public names below load lazily (PEP 562), so that `import nvg_studio` costs nothing and rooms without torch stay
without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nvg_studio.granularity.locks import Locks
    from nvg_studio.granularity.sequence import GranularitySequence
    from nvg_studio.sampling.pipeline import NVGPipeline
    from nvg_studio.sampling.settings import GenerationSettings, RunRequest

__version__ = "0.1.0"
__all__ = ["GenerationSettings", "GranularitySequence", "Locks", "NVGPipeline", "RunRequest"]

_HOMES = {
    "GenerationSettings": "nvg_studio.sampling.settings",
    "GranularitySequence": "nvg_studio.granularity.sequence",
    "Locks": "nvg_studio.granularity.locks",
    "NVGPipeline": "nvg_studio.sampling.pipeline",
    "RunRequest": "nvg_studio.sampling.settings",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nvg_studio' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
