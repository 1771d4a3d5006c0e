"""Names of classes that no checkpoint holds: ImageNet's, by their number."""

from functools import cache

from nvg_studio.paths import resource

IMAGENET_CLASSES = 1000


def class_names(count: int) -> tuple[str, ...]:
    """Names for `count` unnamed classes: those of ImageNet where there are as many, else "class 0" and so on."""
    return imagenet_names() if count == IMAGENET_CLASSES else tuple(f"class {index}" for index in range(count))


@cache
def imagenet_names() -> tuple[str, ...]:
    """The 1,000 names of ImageNet's classes in the order of their synset numbers, all different."""
    return tuple(resource("imagenet-classes.txt").read_text("utf-8").splitlines())
