"""Each room imports only what it may; the engine and training run where only torch, numpy, scipy, safetensors, opencv
and tqdm are."""

import ast
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOMS = {
    "granularity": {"numpy", "scipy"},
    "imaging": {"numpy", "cv2", "PIL", "skimage", "imagecodecs", "tifffile", "pillow_heif", "pillow_jxl", "pydantic"},
    "model": {"numpy", "torch", "safetensors", "efficientnet_lite_pytorch"},
    "hub": {"huggingface_hub", "platformdirs", "safetensors", "tqdm"},
    "sampling": {"numpy", "torch"},
    "engine": {"numpy"},
    "bench": {"numpy", "torch", "psutil"},
    "training": {"numpy", "torch", "safetensors", "cv2", "tqdm", "transformers"},
    "editor": {"numpy", "PySide6", "platformdirs", "pydantic"},
    "project": {"numpy", "PIL", "psd_tools", "tifffile", "pydantic", "filelock"},
    "ui": {"numpy", "PySide6", "qtawesome", "platformdirs", "psutil"},
}
ROOT = Path(__file__).resolve().parent.parent
GRAPH = grimp.build_graph("nvg_studio", include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("room", ROOMS)
def test_room_imports_only_what_it_may(room: str) -> None:
    home = {m for m in GRAPH.modules if m == f"nvg_studio.{room}" or m.startswith(f"nvg_studio.{room}.")}
    outside = {t.split(".")[0] for m in home for t in GRAPH.find_modules_directly_imported_by(m)}
    assert outside - {"nvg_studio"} - set(sys.stdlib_module_names) <= ROOMS[room]


@pytest.mark.slow
def test_transformers_are_loaded_by_their_plug_in_alone() -> None:
    users = GRAPH.find_modules_that_directly_import("transformers")
    assert users == {"nvg_studio.training.losses.vit"}
    code = "import sys, nvg_studio.training.__main__; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_document_knows_only_the_values_of_sampling() -> None:
    home = {m for m in GRAPH.modules if m.startswith("nvg_studio.project.")}
    used = {t for m in home for t in GRAPH.find_modules_directly_imported_by(m) if t.startswith("nvg_studio.sampling")}
    assert used <= {"nvg_studio.sampling.settings", "nvg_studio.sampling.events"}


def test_pure_rooms_do_not_load_torch() -> None:
    modules = (
        "granularity.sequence",
        "granularity.edits",
        "imaging.read",
        "project.document",
        "project.export.export",
        "project.autosave",
        "hub.install",
        "hub.publish",
        "hub.subprocess_task",
    )
    imports = ", ".join(f"nvg_studio.{name}" for name in modules)
    code = f"import sys, nvg_studio, {imports}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_editor_knows_no_widgets() -> None:
    home = sorted(m for m in GRAPH.modules if m.startswith("nvg_studio.editor."))
    code = f"import sys, {', '.join(home)}; sys.exit(any(m in sys.modules for m in ('PySide6.QtWidgets', 'torch')))"
    assert home and subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_editor_has_no_widgets() -> None:
    for path in (ROOT / "nvg_studio/editor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("PySide6"):
                names = {alias.name for alias in node.names}
                assert node.module == "PySide6.QtCore" or names <= {"QImage", "QColorSpace"}, path
