"""Folders, files and functions stay small; there are no exceptions."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {path.relative_to(ROOT).as_posix(): path for path in sorted((ROOT / "nvg_studio").rglob("*.py"))}

FILES_IN_A_FOLDER, LINES_IN_A_FILE, LINES_IN_A_FUNCTION = 15, 350, 45


def test_folders_hold_few_files_side_by_side() -> None:
    # The file that makes a folder a package is none that one has to choose from.
    counts = Counter(path.parent for path in SOURCES.values() if path.name != "__init__.py")
    crowded = {folder.relative_to(ROOT).as_posix() for folder, n in counts.items() if n > FILES_IN_A_FOLDER}
    assert not crowded


def test_files_are_short() -> None:
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in SOURCES.items()}
    assert not {name for name, count in lines.items() if count > LINES_IN_A_FILE}


def test_functions_are_short() -> None:
    assert not [one for name, path in SOURCES.items() for one in long_functions(name, path)]


def long_functions(name: str, path: Path) -> list[str]:
    """The functions of a file with too many lines, from `def` to the last, as "file: function"."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [f"{name}: {f.name}" for f in functions if (f.end_lineno or f.lineno) - f.lineno >= LINES_IN_A_FUNCTION]
