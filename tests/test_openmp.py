"""Threads do not spin for long: every way into the program says so before torch is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nvg_studio.openmp import SETTINGS, forget_settings, limit_spinning

ROOT = Path(__file__).resolve().parents[1]
ENGINE = (
    "from multiprocessing import Pipe; from nvg_studio.engine.worker import Load, serve; "
    "ours, theirs = Pipe(); ours.send(Load(1, 'folder', 'cpu', 'auto')); "
    "serve(theirs, 'nvg_studio.sampling.pipeline:NVGPipeline.from_pretrained')"
)
WAYS_IN = {
    "engine": ("-c", ENGINE),
    "command line": ("-m", "nvg_studio.cli", "generate", "--model", "models/flowers", "out.png"),
    "training": ("-m", "nvg_studio.training", "--help"),
    "evaluation": ("-m", "nvg_studio.evaluation", "model", "models/flowers", "resources/samples", "--out", "report"),
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_it_is_said_before_torch_is_loaded(tmp_path: Path, way: str) -> None:
    """Beside a torch that only tells what it finds in the environment."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(
        "import os\nos.write(1, os.environ.get('GOMP_SPINCOUNT', 'nothing').encode())\nos._exit(0)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(ROOT)])
    run = subprocess.run([sys.executable, *WAYS_IN[way]], env=environment, cwd=ROOT, capture_output=True, timeout=120)
    assert run.stdout == SETTINGS["GOMP_SPINCOUNT"].encode(), run.stderr


def test_what_users_set_themselves_stays() -> None:
    mine = {"GOMP_SPINCOUNT": "7"}
    limit_spinning(mine)
    assert mine == {**SETTINGS, "GOMP_SPINCOUNT": "7"}
    policy = {"OMP_WAIT_POLICY": "active"}
    limit_spinning(policy)
    assert policy == {"OMP_WAIT_POLICY": "active"}
    forget_settings(policy)
    assert not policy
