"""Makes a generator's networks fail as a device does that has too little memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel

LATENTS_OF_ONE_PICTURE = 4 * 8 * 8
"""Numbers in the latents of one picture of 32x32; with guidance a picture has two rows of them."""


def default_model(generator: DiffusersGenerator) -> LoadedModel:
    return generator._models.get(None)


@contextmanager
def intercepted(
    owner: Any, method: str, before: Callable[[torch.Tensor], None]
) -> Iterator[list[int]]:
    """Call `before` with the first tensor of each call; yields the sizes of batches."""
    original, sizes = getattr(owner, method), []

    def call(first: torch.Tensor, *arguments: Any, **named: Any) -> Any:
        sizes.append(first.shape[0])
        before(first)
        return original(first, *arguments, **named)

    setattr(owner, method, call)
    try:
        yield sizes
    finally:
        setattr(owner, method, original)


@dataclass
class FragileDevice:
    """A device on which an error of one call makes every later computation fail, as CUDA's do.

    Where `lasting` is false the error is one of its call alone.
    """

    error: Exception
    lasting: bool = True
    strikes_at: int = 1
    """The call of the network that fails first, from 1."""
    calls: int = 0
    poisoned: bool = False

    def before_call(self, _tensor: object = None) -> None:
        """Called before each call of a network."""
        self.calls += 1
        if self.poisoned or self.calls == self.strikes_at:
            self.poisoned = self.lasting
            raise self.error

    def compute(self, _device: torch.device) -> float:
        """Replaces the probe's computation."""
        if self.poisoned:
            raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
        return 1.0


def out_of_memory_above(elements: int) -> Callable[[torch.Tensor], None]:
    """A check that fails for larger tensors."""

    def check(tensor: torch.Tensor) -> None:
        if tensor.numel() > elements:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    return check
