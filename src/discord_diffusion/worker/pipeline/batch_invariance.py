"""The same picture whatever batch it is drawn in, on the CPU to the last bit.

Kernels are chosen by the number of rows, and kernels round differently. Layers where this was
found, and how each is held to one kernel:
- a matrix product of few rows (time embeddings: one row a picture), by MKL: done in blocks of
  `ROWS` rows, the last one filled up.
- a convolution for a single row, by oneDNN: done for two. Only a single picture without guidance,
  or its decoding, is that small.
- a 1x1 convolution on one thread, which torch hands to oneDNN from 16 rows on: done in blocks.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

Forward = Callable[[Tensor], Tensor]

ROWS = 8


def make_invariant(network: nn.Module) -> None:
    """Hold the layers of a network that is run on the CPU to one kernel each, in place."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            _replace_forward(layer, partial(_linear, layer, layer.forward))
        elif isinstance(layer, nn.Conv2d):
            in_blocks = max(layer.kernel_size) == 1
            _replace_forward(layer, partial(_convolution, layer.forward, in_blocks))


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


def _convolution(forward: Forward, in_blocks: bool, rows: Tensor) -> Tensor:
    if rows.shape[0] == 1:
        return forward(torch.cat([rows, rows]))[:1]
    if in_blocks and rows.shape[0] > ROWS:
        return torch.cat([_convolution(forward, True, block) for block in torch.split(rows, ROWS)])
    return forward(rows)
