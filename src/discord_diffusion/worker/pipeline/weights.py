"""Which files of weights are loaded: those in half precision where the model is drawn in it.

Many models have their weights twice, in fp32 and as the variant fp16, which takes half the disk,
the download and the memory of the host.
"""

from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")

HALF = "fp16"
"""What diffusers calls files of weights in half precision."""


def load_variant(load: Callable[[str | None], T], wanted: str | None, dtype: torch.dtype) -> T:
    """Call `load` with the variant that is wanted, or with those that suit a precision in turns.

    Raises:
        Exception: what `load` raised for the variant that suits best.
    """
    if wanted:
        return load(wanted)
    first, second = (None, HALF) if dtype is torch.float32 else (HALF, None)
    try:
        return load(first)
    except (OSError, ValueError) as error:
        try:
            return load(second)
        except (OSError, ValueError):
            raise error from None
