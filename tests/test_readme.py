"""What README and CONTRIBUTING promise: the Python runs; folders, versions, packages and examples are there."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from tests.tiny import save_tiny_model

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    save_tiny_model(tmp_path / "model", grid=16)
    code = code.replace('"models/flowers", device="auto"', f'{str(tmp_path / "model")!r}, device="cpu"')
    code = code.replace("class_id=2", "class_id=1")  # the tiny model has two classes
    monkeypatch.chdir(ROOT)
    names: dict[str, np.ndarray] = {}
    exec(code, names)
    assert names["picture"].dtype == np.uint8 and names["picture"].shape == (32, 32, 3)


def test_folders_of_the_tree_are_there() -> None:
    tree = README.split("## What is where")[1].split("```")[1]
    rooms = re.findall(r"^  (\w+)/", tree, re.M)
    assert {room.name for room in (ROOT / "nvg_studio").iterdir() if (room / "__init__.py").exists()} == set(rooms)


def test_torch_is_pinned_to_one_version_inside_the_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (pin,) = project["dependency-groups"]["torch"]
    assert set(re.findall(r"torch==[\d.]+", README)) == {pin}
    (wanted,) = [Requirement(entry) for entry in project["project"]["dependencies"] if entry.startswith("torch")]
    assert pin.removeprefix("torch==") in wanted.specifier


def test_debian_packages_are_those_that_set_up_checks() -> None:
    listed = set(re.search(r"apt-get install -y (.*)", README)[1].split())  # type: ignore[index]
    script = (ROOT / ".ci" / "system.sh").read_text(encoding="utf-8")
    checked = set(re.findall(r"^(lib\S+) lib\S+$", script, re.M))
    assert listed - checked == {"python3-venv", "fonts-dejavu-core"} and checked <= listed


def test_examples_of_style_are_where_contributing_says() -> None:
    examples = re.findall(r"^\| [a-z ]+ \| `(\S+\.py)` \| `(\w+)` \|", CONTRIBUTING, re.M)
    assert len(examples) == CONTRIBUTING.split("One good example")[1].count(".py`")
    for file, name in examples:
        assert re.search(rf"^(def|class) {name}\b", (ROOT / file).read_text(encoding="utf-8"), re.M), (file, name)


def test_commands_of_contributing_are_targets_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {target for line in re.findall(r"`make ([a-z -]+)", CONTRIBUTING) for target in line.split()}
    assert named <= targets and {"quick", "test", "wheel-check"} <= named
