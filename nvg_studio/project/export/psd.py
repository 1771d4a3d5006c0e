"""Photoshop files (.psd): 8-bit RGB, cut-outs as whole pixels behind layer masks that can be painted on."""

import io

from PIL import Image
from psd_tools import PSDImage
from psd_tools.api.layers import Group as PSDGroup
from psd_tools.constants import BlendMode, Resource
from psd_tools.psd.image_resources import ImageResource

from nvg_studio.imaging.write import srgb_profile
from nvg_studio.project.export.layers import Advance, Blend, Group, Layer, Scene, no_progress

MODES = {Blend.NORMAL: BlendMode.NORMAL, Blend.LINEAR_LIGHT: BlendMode.LINEAR_LIGHT}


def encode_psd(scene: Scene, advance: Advance = no_progress) -> bytes:
    """A PSD file whose merged picture is the view."""
    document = PSDImage.frompil(Image.fromarray(scene.view))
    profile = ImageResource(key=Resource.ICC_PROFILE, data=srgb_profile())
    document.image_resources[Resource.ICC_PROFILE] = profile
    total = sum(1 for _ in scene.walk())
    done = 0
    for item in scene.items:
        target: PSDImage | PSDGroup = document
        if isinstance(item, Group):
            target = document.create_group(name="Group", open_folder=False)
            target.name, target.visible = item.name, item.visible
        for layer in item.layers if isinstance(item, Group) else (item,):
            advance(done, total)
            _add_layer(target, layer)
            done += 1
    buffer = io.BytesIO()
    document.save(buffer)
    advance(total, total)
    return buffer.getvalue()


def _add_layer(target: PSDImage | PSDGroup, layer: Layer) -> None:
    # psd-tools makes a layer mask of an alpha channel. It can't make a layer under a name outside of Mac Roman,
    # but it can rename one.
    pixels = layer.pixels[..., :3] if layer.opaque else layer.pixels
    made = target.create_pixel_layer(
        Image.fromarray(pixels), name="Layer", top=layer.top, left=layer.left, blend_mode=MODES[layer.blend]
    )
    made.name, made.visible = layer.name, layer.visible
