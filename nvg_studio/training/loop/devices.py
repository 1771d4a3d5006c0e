"""Several processes, one training: what they share, agree on and wait for. With one process all of it does nothing.

`torchrun` starts the processes and numbers them. `torch.distributed` carries what they exchange (NCCL between GPUs,
Gloo between CPUs), its DistributedDataParallel averages the gradients.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from nvg_studio.errors import DeviceError, TrainingError
from nvg_studio.sampling.devices import resolve_device
from nvg_studio.training.loop.console import is_first

Losses = dict[str, Tensor]
Computation = Callable[[Callable[[int, float], Losses], int, float], Losses]

SILENCE = timedelta(minutes=10)
"""A process that answers for so long not once in a step is given up."""
PATIENCE = timedelta(days=7)
"""What only the first process does (reports, the cache of crops) may take so long."""
ENDED = (
    "Training ended before its time: another of its processes died, or all were told to stop. What was saved is whole; "
    "the same command goes on from there."
)


def world_size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if _joined() else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return dist.get_rank() if _joined() else 0


def is_main() -> bool:
    """Whether this process is the one that writes files and shows progress."""
    return is_first()


def share(total: int) -> slice:
    """The examples of a batch of `total` that are this process's: every n-th of n processes.

    Raises TrainingError where the batch cannot be shared evenly: means over the shares would not be those of the batch.
    """
    n = world_size()
    if total % n:
        raise TrainingError(f"{n} processes cannot share a batch of {total} evenly. Make --batch a multiple of {n}.")
    return slice(rank(), total, n)


def local_device(name: str) -> torch.device:
    """The device for a name as the pipeline resolves it; of several GPUs, each process of a machine has its own."""
    device = resolve_device(name)
    if not _joined() or device.type == "cpu":
        return device
    if device.type != "cuda":
        raise DeviceError(f"Several processes cannot train on '{device}'. Start without torchrun, or add --device cpu.")
    index, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if index >= gpus:
        raise DeviceError(f"There are more processes than the {gpus} GPUs here. Start with --nproc-per-node {gpus}.")
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


@contextmanager
def process_group() -> Iterator[None]:
    """Train together with the other processes that torchrun started; alone where it did not.

    Raises TrainingError when another process ends or stops answering.
    """
    if _planned() == 1:
        yield
        return
    _end_when_told()
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=SILENCE)
        _patient_group()
        yield
        barrier()
    except RuntimeError as error:
        if isinstance(error, dist.DistError) or any(word in str(error).lower() for word in ("gloo", "nccl")):
            raise TrainingError(ENDED) from error
        raise
    _patient_group.cache_clear()
    dist.destroy_process_group()


def parallel(*networks: nn.Module | None) -> Computation:
    """What computes losses(step, progress) of these networks so that gradients are means over all processes."""
    computation = _Computation(nn.ModuleList(network for network in networks if network is not None))
    if world_size() == 1:
        return computation
    # Which weights take part changes within a run (the quantiser waits at first).
    return DistributedDataParallel(computation, find_unused_parameters=True)


class _Computation(nn.Module):
    """Losses as a forward pass, which is where DistributedDataParallel looks."""

    def __init__(self, networks: nn.ModuleList) -> None:
        super().__init__()
        self.networks = networks
        # PyTorch warns when it is to look for weights that take no part and finds none.
        self.spare = nn.Parameter(next(networks.parameters()).new_zeros(()))

    def forward(self, losses: Callable[[int, float], Losses], step: int, progress: float) -> Losses:
        return losses(step, progress)


def averaged(values: Tensor) -> Tensor:
    """Means over the processes, without gradient."""
    return summed(values) / world_size()


def summed(values: Tensor) -> Tensor:
    """Sums over the processes, without gradient."""
    values = values.detach().clone()
    if world_size() > 1:
        dist.all_reduce(values)
    return values


def gathered(part: Tensor) -> Tensor:
    """The whole batch [B, ...] of which this process has `share(B)`, without gradient."""
    part = part.detach()
    if world_size() == 1:
        return part
    parts = [torch.empty_like(part) for _ in range(world_size())]
    dist.all_gather(parts, part.contiguous())
    return torch.stack(parts, 1).flatten(0, 1)


@torch.no_grad()
def copy_from_main(tensor: Tensor) -> None:
    """Overwrite a tensor by the first process's, where rounding could have driven them apart."""
    if world_size() > 1:
        dist.broadcast(tensor, 0)


def synchronized(elapsed: float, stop: bool) -> tuple[float, bool]:
    """The longest time that any process counted, and whether any wants to stop: all go by the same."""
    if world_size() == 1:
        return elapsed, stop
    values = torch.tensor([elapsed, float(stop)], dtype=torch.float64)
    dist.all_reduce(values, dist.ReduceOp.MAX)
    return float(values[0]), bool(values[1])


def barrier() -> None:
    """Until every process has come here."""
    if world_size() > 1:
        dist.barrier(_patient_group())


@contextmanager
def main_process_first() -> Iterator[None]:
    """The first process runs the block, then the others run it and find what the first has left."""
    if rank():
        barrier()
    yield
    if not rank():
        barrier()


_speaking = threading.Lock()


def report_once(line: str) -> None:
    """Print the line that a training ends with, once for all processes: the first to fail knows why."""
    with _speaking:
        if _planned() == 1 or _speaks_first():
            print(line, file=sys.stderr, flush=True)


def _speaks_first() -> bool:
    """Ask torchrun's store, which outlives the processes; if it is gone, so is whoever would have spoken."""
    place, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    start = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    try:
        store = dist.TCPStore(place, port, is_master=False, timeout=timedelta(seconds=5))  # type: ignore[attr-defined]
        return store.add(f"nvg-studio/last-words/{start}", 1) == 1
    except dist.DistError:
        return True


def _end_when_told() -> None:
    """On SIGTERM, which torchrun sends when one process has died: say so and end.

    A thread does it, because the main one may be waiting for the dead.
    """
    reading, writing = socket.socketpair()
    writing.setblocking(False)

    def watch(reading: socket.socket, _: socket.socket) -> None:
        while reading.recv(1) != bytes([signal.SIGTERM]):
            continue
        report_once(f"nvg-studio: {ENDED}")
        os._exit(1)

    signal.set_wakeup_fd(writing.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    threading.Thread(target=watch, args=(reading, writing), daemon=True).start()


def _planned() -> int:
    return int(os.environ.get("WORLD_SIZE", 1))


def _joined() -> bool:
    return dist.is_available() and dist.is_initialized()


@cache
def _patient_group() -> dist.ProcessGroup:
    group: dist.ProcessGroup = dist.new_group(backend="gloo", timeout=PATIENCE)
    return group
