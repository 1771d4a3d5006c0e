"""OpenRaster (.ora), baseline of version 0.0.6: a zip archive of PNG layers and their order.

https://www.openraster.org/baseline/file-layout-spec.html
"""

import io
import zipfile
from xml.etree import ElementTree

from nvg_studio.imaging.crop import resize
from nvg_studio.imaging.write import encode_png
from nvg_studio.project.export.layers import Advance, Blend, Group, Layer, Scene, no_progress

MIME_TYPE = "image/openraster"
THUMBNAIL_SIZE = 256
# Linear light is not in the standard; Krita knows it by this name, and other readers take an unknown one for normal.
OPERATORS = {Blend.NORMAL: "svg:src-over", Blend.LINEAR_LIGHT: "krita:linear light"}


def encode_ora(scene: Scene, advance: Advance = no_progress) -> bytes:
    """An OpenRaster file; the same scene always gives the same bytes."""
    layers = [layer for _, layer in scene.walk()]
    names = {id(layer): f"data/layer{number:03}.png" for number, layer in enumerate(layers)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, "mimetype", MIME_TYPE.encode())
        _add(archive, "stack.xml", _stack(scene, names), zipfile.ZIP_DEFLATED)
        for number, layer in enumerate(layers):
            advance(number, len(layers))
            _add(archive, names[id(layer)], encode_png(layer.masked_pixels))
        _add(archive, "mergedimage.png", encode_png(scene.view))
        thumbnail = resize(scene.view, min(scene.size, THUMBNAIL_SIZE))
        _add(archive, "Thumbnails/thumbnail.png", encode_png(thumbnail))
    advance(len(layers), len(layers))
    return buffer.getvalue()


def _stack(scene: Scene, names: dict[int, str]) -> bytes:
    """stack.xml: the topmost layer comes first."""
    size = str(scene.size)
    image = ElementTree.Element("image", version="0.0.6", w=size, h=size, xres="72", yres="72")
    root = ElementTree.SubElement(image, "stack")
    for item in reversed(scene.items):
        if isinstance(item, Group):
            group = ElementTree.SubElement(root, "stack", name=item.name, visibility=_visibility(item.visible))
            for layer in reversed(item.layers):
                _add_layer(group, layer, names[id(layer)])
        else:
            _add_layer(root, item, names[id(item)])
    content: bytes = ElementTree.tostring(image, encoding="utf-8", xml_declaration=True)
    return content


def _add_layer(stack: ElementTree.Element, layer: Layer, source: str) -> None:
    place = {"x": str(layer.left), "y": str(layer.top)}
    shown = {"visibility": _visibility(layer.visible), "opacity": "1.0", "composite-op": OPERATORS[layer.blend]}
    ElementTree.SubElement(stack, "layer", {"name": layer.name, "src": source, **place, **shown})


def _visibility(visible: bool) -> str:
    return "visible" if visible else "hidden"


def _add(archive: zipfile.ZipFile, name: str, content: bytes, packing: int = zipfile.ZIP_STORED) -> None:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = packing
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)
