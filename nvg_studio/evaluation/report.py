"""Held-out numbers and sheets of a model, into one folder."""

import json
import time
from typing import Any

from nvg_studio.atomic import write_atomic
from nvg_studio.evaluation import sections
from nvg_studio.evaluation.generation import classes_like, generate, save_samples
from nvg_studio.evaluation.inputs import EvaluationInputs, Request, open_inputs
from nvg_studio.evaluation.metrics.reconstruction import reconstruct
from nvg_studio.evaluation.tables import Report, markdown


def evaluate(request: Request) -> Report:
    """Measure and draw a model: `report.json`, `report.md`, `samples.npz` and sheets in `request.out`.

    Raises:
        TrainingError, CheckpointError, DeviceError: something that the request names is missing or does not fit.
    """
    started = time.monotonic()
    subject = open_inputs(request)
    request.out.mkdir(parents=True, exist_ok=True)
    found = reconstruct(subject.pipeline, subject.squares)
    samples = generate(subject.pipeline, classes_like(subject.photos.labels, request.pictures))
    save_samples(samples, request.out / "samples.npz")
    judge = subject.judge
    seen = sections.predict_all(judge, subject, found, samples) if judge else None
    report = {
        "model": _described(subject),
        **sections.reconstruction(subject, found),
        **sections.samples(subject, samples),
        **(sections.classifier_scores(judge, seen, subject, samples) if judge and seen else {}),
        **(sections.judged_by_imagenet(subject.imagenet, subject, found, samples) if subject.imagenet else {}),
        **sections.sharpness(subject, found, samples),
        **sections.coherence(found, samples),
        **sections.memory(subject, samples, seen),
        **sections.structure_of_photos(subject, found),
        **sections.photo_adherence(subject, found),
        **sections.painted_adherence(subject, samples),
        **sections.lock_fidelity(subject, found),
    }
    report["model"]["minutes"] = round((time.monotonic() - started) / 60, 1)
    write_atomic(request.out / "report.json", (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode())
    write_atomic(request.out / "report.md", markdown(report).encode())
    return report


def _described(subject: EvaluationInputs) -> dict[str, Any]:
    info = subject.pipeline.info
    return {
        "name": info.name,
        "model_id": info.identity.model,
        "structure method": str(subject.pipeline.structure_method),
        "settings": ", ".join(f"{name} {value}" for name, value in info.defaults.to_dict().items() if name != "seed"),
        "samples": subject.request.pictures,
        "held-out photos": len(subject.squares),
        "training photos": len(subject.train_squares),
        "device": f"{info.device}, {info.dtype}, {info.runtime}",
    }
