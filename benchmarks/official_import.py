"""Memory and time of bringing in a published checkpoint: made here with random weights, in the published layout.

    python benchmarks/official_import.py [--depth 16] [--generate] [folder]

The checkpoint holds what a training run leaves: averaged and raw weights, a copy of the tokenizer, and the state of the
optimiser. Each step is a process of its own, so that its peak of memory is its own. About 8 GB of disk at depth 16.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SHAPES = ROOT / "tests" / "goldens" / "official_keys.json"
MIB = 2**20


def make(folder: Path, depth: int) -> None:
    """Write `ae.ckpt` and `d<depth>.ckpt`."""
    import torch

    from nvg_studio.model.config import OFFICIAL_SCALE_FACTORS

    published = json.loads(SHAPES.read_text("utf-8"))

    def random(shapes: dict[str, list[int]]) -> dict[str, torch.Tensor]:
        return {name: torch.empty(shape).normal_(std=0.02) for name, shape in shapes.items()}

    tokenizer = random(published["ae"]["keys"])
    averaged = {f"ema_model.{name}": value + 1 for name, value in tokenizer.items()}
    counters = {"total_visited_codes": torch.zeros(9, 4096, dtype=torch.int64)}
    torch.save({"state_dict": tokenizer | averaged | counters, "epoch": 1}, folder / "ae.ckpt")
    shapes = published[f"d{depth}"]["keys"]
    state = random({f"ema_model.{name}": shape for name, shape in shapes.items()})
    for prefix in ("", "ema_model."):
        state[prefix + "nvgformer.scale_factors"] = torch.tensor(OFFICIAL_SCALE_FACTORS)
    raw = {name: value for name, value in random(shapes).items() if name not in state}
    first_stage = {f"first_stage_model.{name}": value for name, value in tokenizer.items()}
    moments = {
        number: {"step": torch.tensor(1.0), "exp_avg": torch.ones(shape), "exp_avg_sq": torch.ones(shape)}
        for number, shape in enumerate(shapes.values())
    }
    whole = {"state_dict": state | raw | first_stage, "optimizer_states": [{"state": moments}], "global_step": 1}
    torch.save(whole, folder / f"d{depth}.ckpt")


def bring_in(folder: Path, depth: int) -> dict[str, float]:
    """Convert the checkpoints; seconds, and the peak of memory of this process."""
    import torch  # noqa: F401  what it costs by itself is told apart

    from nvg_studio.hub.install import install_checkpoints

    before, start = peak(), time.perf_counter()
    install_checkpoints(folder / "ae.ckpt", folder / f"d{depth}.ckpt", True, folder / "model", lambda _: None)
    return {"seconds": time.perf_counter() - start, "torch_alone_mib": before, "peak_mib": peak()}


def load(folder: Path, generate: bool) -> dict[str, object]:
    """Load the converted model, and make a picture of one structure step a stage."""
    from nvg_studio.sampling.pipeline import NVGPipeline
    from nvg_studio.sampling.settings import GenerationSettings

    start = time.perf_counter()
    pipeline = NVGPipeline.from_pretrained(folder / "model", device="cpu")
    report: dict[str, object] = {"seconds": time.perf_counter() - start, "peak_mib": peak()}
    if generate:
        start = time.perf_counter()
        picture = pipeline.decode(pipeline.generate(GenerationSettings(class_id=207, structure_steps=1)))
        report |= {"generate_seconds": time.perf_counter() - start, "picture": list(picture.shape)}
        report["class"] = pipeline.info.class_names[207]
    return report


def peak() -> float:
    """The most memory that this process had, in MiB."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / MIB


def main() -> int:
    """Run every step in a process of its own and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="where to work (default: a temporary folder)")
    parser.add_argument("--depth", type=int, default=16, choices=(16, 20, 24))
    parser.add_argument("--generate", action="store_true", help="make a picture too (a minute on two cores)")
    parser.add_argument("--step", choices=("make", "import", "load"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "make":
        make(options.folder, options.depth)
    elif options.step == "import":
        print(json.dumps(bring_in(options.folder, options.depth)))
    elif options.step == "load":
        print(json.dumps(load(options.folder, options.generate)))
    else:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            measure(Path(folder), options.depth, options.generate)
    return 0


def measure(folder: Path, depth: int, generate: bool) -> None:
    """All steps, and the ratio that matters: peak of memory to the weights of inference."""

    def step(name: str) -> str:
        command = [sys.executable, __file__, str(folder), "--depth", str(depth), "--step", name]
        command += ["--generate"] if generate else []
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    step("make")
    files = {path.name: path.stat().st_size / MIB for path in folder.glob("*.ckpt")}
    brought, loaded = json.loads(step("import")), json.loads(step("load"))
    weights = sum(path.stat().st_size for path in (folder / "model").glob("*.safetensors")) / MIB
    report = {"checkpoints_mib": files, "weights_mib": weights, "import": brought, "load": loaded}
    report["peak_over_weights"] = brought["peak_mib"] / weights
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    sys.exit(main())
