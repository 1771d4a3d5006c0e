"""Vision transformers of others (DINO, DINOv2), frozen, from local folders in Hugging Face's layout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from torch import Tensor

from nvg_studio.errors import CheckpointError, TrainingError
from nvg_studio.model.config import read_json

KINDS = ("vit", "dinov2")
"""Model types that are read."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, for pictures in [0, 1]."""


class FrozenVit:
    """A vision transformer that is looked through and never trained; no module, so that nobody saves it."""

    def __init__(self, network: Any, device: torch.device) -> None:
        self._network = network.to(device).eval().requires_grad_(False)
        self.width: int = network.config.hidden_size
        self.depth: int = network.config.num_hidden_layers
        self.image_size: int = network.config.image_size
        self.patch_size: int = network.config.patch_size

    def patches(self, images: Tensor) -> Tensor:
        """Normalised patch tokens of the last layer, [B, n, width], of float [B, 3, S, S] in [-1, 1]."""
        return self._network(pixel_values=_normalised(images)).last_hidden_state[:, 1:]

    def readouts(self, images: Tensor, places: Sequence[int]) -> list[Tensor]:
        """Tokens [B, 1 + n, width], the class token first, after so many layers (0: the embedding)."""
        hidden = self._network(pixel_values=_normalised(images), output_hidden_states=True).hidden_states
        return [hidden[place] for place in places]


def _normalised(images: Tensor) -> Tensor:
    return ((images + 1) / 2 - images.new_tensor(MEAN).view(3, 1, 1)) / images.new_tensor(DEVIATION).view(3, 1, 1)


def resized(images: Tensor, size: int) -> Tensor:
    """Square pictures float [B, 3, S, S] at another size: by area where they shrink, else bicubic."""
    if images.shape[-1] >= size:
        return F.interpolate(images, size=size, mode="area")
    return F.interpolate(images, size=size, mode="bicubic")


def load_vit(folder: Path, device: torch.device) -> FrozenVit:
    """Read a folder with `config.json` and `model.safetensors`, without asking any network.

    Raises:
        CheckpointError: the folder holds no such transformer, or is damaged.
        TrainingError: the package transformers is not installed.
    """
    description = read_json(folder / "config.json", "vision transformer")
    if not isinstance(description, dict) or description.get("model_type") not in KINDS:
        raise CheckpointError(f"'{folder}' holds no DINO or DINOv2 transformer. Choose a folder of one.")
    try:
        from transformers import AutoModel
        from transformers.utils import logging
    except ImportError as error:
        raise TrainingError("DINO needs another package. Install it: pip install transformers.") from error
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        network, found = AutoModel.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, TypeError, RuntimeError, KeyError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"The transformer in '{folder}' cannot be read ({reason}). Get it again.") from error
    # What is missing would be left to chance. The pooler is not looked at.
    missing = sorted(key for key in found["missing_keys"] if not key.startswith("pooler."))
    if missing:
        raise CheckpointError(f"The transformer in '{folder}' lacks {missing[0]}. Get it again.")
    return FrozenVit(network, device)
