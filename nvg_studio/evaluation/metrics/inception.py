"""FID, Inception score, precision and recall by torch-fidelity, where the user has installed it and its weights."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from nvg_studio.errors import TrainingError
from nvg_studio.imaging.crop import Picture
from nvg_studio.model.checkpoint import load_tensors

NAMES = {
    "FID": "frechet_inception_distance",
    "Inception score": "inception_score_mean",
    "precision": "precision",
    "recall": "recall",
}


class _Pictures(Dataset[Tensor]):
    """Pictures as torch-fidelity takes them: uint8 [3, S, S]."""

    def __init__(self, pictures: list[Picture]) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(self.pictures[index].transpose(2, 0, 1)))


def check_inception(weights: Path) -> None:
    """TrainingError without torch-fidelity; CheckpointError where the file is no plain table of weights."""
    if find_spec("torch_fidelity") is None:
        raise TrainingError("--inception needs torch-fidelity, which is not installed: pip install torch-fidelity.")
    # The package unpickles whatever it is given; a file that passes here holds nothing but tensors.
    load_tensors(weights)


def inception_scores(made: list[Picture], real: list[Picture], weights: Path, device: torch.device) -> dict[str, float]:
    """The scores of pictures uint8 [S, S, 3] against real ones, in the features of the published Inception weights."""
    from torch_fidelity import calculate_metrics

    found = calculate_metrics(
        input1=_Pictures(made),
        input2=_Pictures(real),
        cuda=device.type == "cuda",
        isc=True,
        fid=True,
        prc=True,
        feature_extractor_weights_path=str(weights),
        verbose=False,
    )
    return {name: float(found[key]) for name, key in NAMES.items()}
