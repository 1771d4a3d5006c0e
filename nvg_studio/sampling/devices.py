"""The device that a model is loaded to."""

import torch

from nvg_studio.errors import DeviceError


def resolve_device(name: str) -> torch.device:
    """The device for a name; "auto" takes CUDA, else MPS, else the CPU. Raises DeviceError if it is absent."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise DeviceError(f"The device '{name}' is not available here. Use 'auto', 'cpu', or one that is.") from error
    return device
