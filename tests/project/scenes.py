"""Projects with a rendering, and scenes of layers, for the tests of export."""

import numpy as np

from nvg_studio.ids import ModelId
from nvg_studio.project.document import Document, open_photo, with_locks, with_name
from nvg_studio.project.export.kinds import LayerChoice
from nvg_studio.project.export.layers import Scene
from nvg_studio.project.export.scene import build_scene
from nvg_studio.project.rendering import Rendering
from nvg_studio.project.storage.project_file import Project
from tests.project.documents import DEPTH, TOKENIZER, held_region, picture, sequence

NAME = "级别 ✓"
SIZE = 48


def smooth(seed: int, size: int) -> "np.ndarray":
    """A picture like a decoded one: a coarse pattern and a little noise, uint8 [size, size, 3]."""
    generator = np.random.default_rng(seed)
    coarse = np.kron(generator.integers(40, 200, (4, 4, 3)), np.ones((size // 4, size // 4, 1)))
    return (coarse + generator.integers(-9, 10, (size, size, 3))).astype(np.uint8)


def rendering_of(document: Document) -> Rendering:
    """Stages of 16 pixels that come nearer to one picture."""
    last, first = smooth(3, 16).astype(float), smooth(2, 16).astype(float)
    weights = np.linspace(0, 1, DEPTH + 1)
    stages = [(first + weight * (last - first)).astype(np.uint8) for weight in weights]
    return Rendering.of(ModelId(document.snapshot.tokenizer), document.sequence, stages)


def named_project() -> Project:
    """A photo of 48 pixels with a lock, a named cluster at level 2, and its rendering."""
    photo = open_photo(sequence(0), smooth(1, SIZE), "Open", TOKENIZER)
    document = with_name(with_locks(photo, held_region(5), "Lock"), 2, int(sequence(0).labels(2)[0]), NAME)
    return Project(document, "tiny", rendering_of(document), picture(9, 20))


def scene_of(project: Project, choice: LayerChoice | None = None) -> Scene:
    assert project.rendering is not None
    return build_scene(project.document, project.rendering, choice or LayerChoice())
