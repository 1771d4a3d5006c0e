"""The weights of a model as a device computes with them; what others still use is never changed."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor, nn

from nvg_studio.model.checkpoint import Networks
from nvg_studio.sampling.precision import Precision

Net = TypeVar("Net", bound=nn.Module)
Conversion = Callable[[nn.Module, Tensor], Tensor]
"""A weight of a layer as it is to be kept."""


def prepare(networks: Networks, device: torch.device, precision: Precision, owned: bool = False) -> Networks:
    """The networks on a device, with their weights as the precision wants them.

    Args:
        owned: nobody else uses the networks: they are changed in place, one weight after the other, which needs the
            least memory. Otherwise they stay as they are, and the result shares with them what need not change.
    """

    def converted(network: Net, conversion: Conversion) -> Net:
        return _convert(network if owned else _sharing_copy(network), device, conversion)

    products = _rounded if precision.round_weights else _same
    tokenizer = converted(networks.tokenizer, _same)
    if precision.channels_last or precision.round_weights:
        _convert(tokenizer.decoder, device, _rounded if precision.round_weights else _turned)
    return replace(
        networks,
        tokenizer=tokenizer,
        generator=converted(networks.generator, products),
        few_step=None if networks.few_step is None else converted(networks.few_step, products),
        preview=None if networks.preview is None else converted(networks.preview, _turned),
    )


def _sharing_copy(network: Net) -> Net:
    """New layers around the same weights."""
    shared: dict[int, object] = {id(weight): weight for weight in (*network.parameters(), *network.buffers())}
    return deepcopy(network, shared)


def _convert(network: Net, device: torch.device, conversion: Conversion) -> Net:
    """Put converted weights into the layers; the tensors that were there stay what they are."""
    for layer in network.modules():
        for name, weight in layer.named_parameters(recurse=False):
            found = conversion(layer, weight.detach().to(device))
            if found.data_ptr() != weight.data_ptr() or found.dtype != weight.dtype:
                setattr(layer, name, nn.Parameter(found, weight.requires_grad))
        for name, buffer in layer.named_buffers(recurse=False):
            setattr(layer, name, buffer.to(device))
    return network


def _same(_: nn.Module, weight: Tensor) -> Tensor:
    return weight


def _rounded(layer: nn.Module, weight: Tensor) -> Tensor:
    """Weights of products in bfloat16; channels innermost is what convolutions in bfloat16 are made for."""
    if isinstance(layer, nn.Linear):
        return weight.bfloat16()
    return _turned(layer, weight.bfloat16()) if isinstance(layer, nn.Conv2d) else weight


def _turned(layer: nn.Module, weight: Tensor) -> Tensor:
    """Weights of convolutions with the channels innermost."""
    if isinstance(layer, nn.Conv2d) and weight.dim() == 4:
        return weight.to(memory_format=torch.channels_last)
    return weight
