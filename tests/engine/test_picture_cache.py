"""The cache of stage pictures, of the window and of the engine."""

import numpy as np

from nvg_studio.engine.picture_cache import RenderingCache
from nvg_studio.ids import ModelId
from tests.project.documents import picture, sequence

MODEL = ModelId("m")


def test_a_picture_depends_on_model_stage_and_the_tokens_up_to_it() -> None:
    cache, first = RenderingCache(), sequence(1)
    cache.put(MODEL, first, 2, picture(5))
    found = cache.get(MODEL, first, 2)
    assert found is not None
    np.testing.assert_array_equal(found, picture(5))
    deeper = first.token_map.copy()
    deeper[3] += 1
    assert cache.get(MODEL, first.replace(token_map=deeper), 2) is found
    assert cache.get(MODEL, first.replace(bits=1 - first.bits), 2) is found
    deeper[1] += 1
    assert cache.get(MODEL, first.replace(token_map=deeper), 2) is None
    assert cache.get(ModelId("n"), first, 2) is None
    assert cache.get(MODEL, first, 1) is None


def test_the_least_recently_used_goes_first() -> None:
    size = picture(0).nbytes
    cache = RenderingCache(3 * size)
    for stage in range(3):
        cache.put(MODEL, sequence(1), stage, picture(stage))
    assert cache.get(MODEL, sequence(1), 0) is not None
    cache.put(MODEL, sequence(1), 3, picture(3))
    assert [stage for stage in range(4) if cache.get(MODEL, sequence(1), stage) is not None] == [0, 2, 3]


def test_replacing_a_picture_does_not_count_twice() -> None:
    size = picture(0).nbytes
    cache = RenderingCache(2 * size)
    cache.put(MODEL, sequence(1), 0, picture(0))
    for seed in range(5):
        cache.put(MODEL, sequence(1), 1, picture(seed))
    assert len(cache) == 2


def test_a_picture_that_is_too_large_is_not_kept() -> None:
    cache = RenderingCache(10)
    cache.put(MODEL, sequence(1), 0, picture(0))
    assert len(cache) == 0


def test_pictures_are_copies() -> None:
    cache, image = RenderingCache(), picture(0)
    cache.put(MODEL, sequence(1), 0, image)
    image[:] = 0
    found = cache.get(MODEL, sequence(1), 0)
    assert found is not None and found.any() and not found.flags.writeable
