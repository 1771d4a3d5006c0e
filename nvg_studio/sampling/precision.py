"""Which precision the networks compute in, and what else differs between kinds of devices: decided here alone.

Rules are values, so that those of a GPU can be forced on a CPU and tested there.
"""

from dataclasses import dataclass, replace

import torch

from nvg_studio.errors import SettingsError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
AUTO = "auto"


@dataclass(frozen=True)
class Precision:
    """How networks are computed; all else than matrix products and convolutions is float32 in every case."""

    products: torch.dtype = torch.float32
    """Of matrix products and convolutions: float32 or bfloat16."""
    round_weights: bool = False
    """Round the weights of products once, in a copy, where autocast would round them at every call. Never while they
    are trained."""
    channels_last: bool = False
    """Keep the weights of the decoder's convolutions with the channels innermost."""
    record_launches: bool = False
    """Record each network's launches as a CUDA graph and replay them."""

    @property
    def name(self) -> str:
        """Of the type of the products: "float32" or "bfloat16"."""
        return str(self.products).removeprefix("torch.")

    def autocast(self, device: torch.device, cache: bool = True) -> torch.autocast:
        """The context to compute in. Without `cache` weights that are not rounded yet are rounded at every call."""
        halved = self.products != torch.float32
        return torch.autocast(device.type, torch.bfloat16, enabled=halved, cache_enabled=cache)


@dataclass(frozen=True)
class Rules:
    """What suits a kind of device."""

    sampling_dtype: torch.dtype
    """For "auto"."""
    training_dtype: torch.dtype | None
    """For "auto"; None: training measures which is faster."""
    channels_last: bool
    """Whether convolutions in float32 are faster with the channels innermost; those in bfloat16 are everywhere."""
    record_launches: bool

    def sampling(self, dtype: str = AUTO) -> Precision:
        """For a model that is finished. Raises SettingsError for an unknown dtype."""
        products = self.sampling_dtype if dtype == AUTO else _dtype(dtype)
        halved = products != torch.float32
        return Precision(products, halved, halved or self.channels_last, self.record_launches)

    def training(self, dtype: str = AUTO) -> tuple[Precision, ...]:
        """For networks that are trained; of several the fastest is to be taken. Raises SettingsError."""
        if dtype != AUTO:
            return (Precision(_dtype(dtype)),)
        dtypes = DTYPES.values() if self.training_dtype is None else (self.training_dtype,)
        return tuple(Precision(one) for one in dtypes)


RULES = {
    "cpu": Rules(torch.float32, None, channels_last=True, record_launches=False),
    "cuda": Rules(torch.bfloat16, torch.bfloat16, channels_last=False, record_launches=True),
    "mps": Rules(torch.float32, None, channels_last=False, record_launches=False),
}
"""By the type of a device; other types are taken for a CPU's."""


def rules_for(device: torch.device, forced: str | None = None) -> Rules:
    """The rules of a device, or those `forced`, "cuda" for example; launches are recorded on CUDA alone."""
    rules = RULES.get(forced or device.type, RULES["cpu"])
    return replace(rules, record_launches=rules.record_launches and device.type == "cuda")


def _dtype(name: str) -> torch.dtype:
    if name not in DTYPES:
        raise SettingsError(f"Unknown dtype '{name}': use auto, {' or '.join(DTYPES)}.")
    return DTYPES[name]
