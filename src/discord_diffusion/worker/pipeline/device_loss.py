"""A device that computes nothing any more, which a probe finds and no error's text.

After an error such as cudaErrorIllegalAddress every later call of the process fails, whatever class
and text the error has that comes first; after many others nothing is wrong with the device.
https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__TYPES.html
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.nn import functional

from discord_diffusion.worker.errors import DeviceLostError
from discord_diffusion.worker.pipeline.memory import is_out_of_memory

_SIDE = 8


@contextmanager
def lost_device_raised(device: torch.device) -> Iterator[None]:
    """Replace an error that leaves the block by `DeviceLostError` if the device is lost."""
    try:
        yield
    except DeviceLostError:
        raise
    except Exception as error:
        raise_if_lost(device, error)
        raise


def raise_if_lost(device: torch.device, error: Exception) -> None:
    """Raise `DeviceLostError` if the device that an error came from computes nothing any more."""
    if is_lost(device):
        raise DeviceLostError(f"{device}: {type(error).__name__}: {error}") from None


def is_lost(device: torch.device) -> bool:
    """Whether the device fails a small computation for another reason than its memory."""
    try:
        compute(device)
    except Exception as error:  # noqa: BLE001 - whatever is raised here, the device is no use
        return not is_out_of_memory(error)
    return False


def compute(device: torch.device) -> float:
    """A convolution and a matrix product, with the libraries of the networks; waits for both."""
    square = torch.ones(1, 1, _SIDE, _SIDE, device=device)
    product = functional.conv2d(square, square) * (square[0, 0] @ square[0, 0])
    return float(product.sum().item())
