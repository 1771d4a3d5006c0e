"""Peak memory of one generation by each path, every one in a process of its own."""

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from nvg_studio.errors import EngineError

PATHS = ("reference", "engine")
TURNS = 3
"""What the system keeps of freed memory differs from process to process, by a few per cent."""
STEPS = 2
"""Of the structure at each stage: the peak does not depend on their number."""


def peaks(folder: Path | None, random: int | None, device: str, dtype: str) -> dict[str, float]:
    """MiB of both paths, medians of `TURNS`, and their ratio; of tensors on a GPU, otherwise of the whole process.

    Args:
        folder: the model; None for random weights of the published size `random`.
    """
    turns = [[_in_a_process(path, folder, random, device, dtype) for path in PATHS] for _ in range(TURNS)]
    reference, engine = (median(of_path) for of_path in zip(*turns, strict=True))
    return {"reference_mib": round(reference, 1), "engine_mib": round(engine, 1), "ratio": engine / reference}


def _in_a_process(*arguments: object) -> float:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        return float(ours.recv())
    except EOFError:
        raise EngineError("The measurement of memory ended early: there may be too little of it.") from None
    finally:
        process.join()


def _measure(answer: Connection, path: str, folder: Path | None, random: int | None, device: str, dtype: str) -> None:
    """One generation with its decoding; the peak in MiB goes to `answer`."""
    from nvg_studio.bench.random_model import random_networks
    from nvg_studio.bench.timing import MIB, forget_peak, peak_memory
    from nvg_studio.model.checkpoint import load_model
    from nvg_studio.model.config import official
    from nvg_studio.sampling import reference
    from nvg_studio.sampling.devices import resolve_device
    from nvg_studio.sampling.pipeline import NVGPipeline
    from nvg_studio.sampling.precision import rules_for
    from nvg_studio.sampling.settings import GenerationSettings
    from nvg_studio.sampling.tokens import structure_noise

    where = resolve_device(device)
    networks = load_model(folder) if folder else random_networks(official(random or 16), where)
    settings = GenerationSettings(class_id=0, structure_steps=STEPS)
    forget_peak(where)
    if path == "engine":
        pipeline = NVGPipeline(networks, device, dtype, owned=True)
        pipeline.decode(pipeline.generate(settings))
    else:
        for network in (networks.tokenizer, networks.generator):
            network.to(where)
        noise = structure_noise(0, networks.config.tokenizer.cells, networks.config.tokenizer.depth)
        with rules_for(where).sampling(dtype).autocast(where):
            reference.picture(networks, settings, noise)
    answer.send(peak_memory(where) / MIB)
