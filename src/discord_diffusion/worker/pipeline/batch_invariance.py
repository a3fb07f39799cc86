"""The same picture whatever batch it is drawn in, on the CPU to the last bit.

oneDNN and MKL choose a kernel by the number of rows, and kernels round differently. Two kinds of
layers were found where this shows; both are cheap to hold to one kernel:
- a matrix product of few rows (time embeddings: one row a picture). It is done in blocks of a
  fixed number of rows.
- a convolution of fewer input channels than a vector has lanes (the first of a network), for a
  single picture. It is done for two.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

Forward = Callable[[Tensor], Tensor]

ROWS = 8
_LANES = 16
"""Single-precision numbers in a 512-bit register."""


def make_invariant(network: nn.Module) -> None:
    """Hold the layers of a network that is run on the CPU to one kernel each, in place."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            _replace_forward(layer, partial(_linear, layer, layer.forward))
        elif isinstance(layer, nn.Conv2d) and layer.in_channels < _LANES:
            _replace_forward(layer, partial(_convolution, layer.forward))


def _replace_forward(layer: nn.Module, forward: Forward) -> None:
    layer.forward = forward


def _linear(layer: nn.Linear, forward: Forward, rows: Tensor) -> Tensor:
    if rows.dim() != 2:
        return forward(rows)
    count = rows.shape[0]
    padded = functional.pad(rows, (0, 0, 0, -count % ROWS))
    done = [
        functional.linear(block, layer.weight, layer.bias) for block in torch.split(padded, ROWS)
    ]
    return torch.cat(done)[:count]


def _convolution(forward: Forward, pictures: Tensor) -> Tensor:
    if pictures.shape[0] != 1:
        return forward(pictures)
    return forward(torch.cat([pictures, pictures]))[:1]
