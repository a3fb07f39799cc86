"""Makes pictures independent of their batch: on the CPU they are equal to the last bit.

Libraries choose kernels by the number of rows, and kernels round differently. These layers were
found to depend on the batch, and each is made to use one kernel:
- a matrix product of few rows (time embeddings: one row a picture), by MKL: computed in blocks of
  `_BLOCK` rows, the last one padded.
- a convolution of a single row, by oneDNN: computed for two. Only a single picture without
  guidance, or its decoding, is that small.
- a 1x1 convolution on one thread, which torch hands to oneDNN from 16 rows on: computed in blocks.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Forward = Callable[[Tensor], Tensor]

_BLOCK = 8


def make_batch_invariant(network: nn.Module) -> None:
    """Make each layer of a network on the CPU use one kernel, in place."""
    for layer in network.modules():
        # Through a variable: mypy refuses to assign to a method.
        module: Any = layer
        if isinstance(layer, nn.Linear):
            module.forward = partial(_linear, layer, layer.forward)
        elif isinstance(layer, nn.Conv2d):
            in_blocks = max(layer.kernel_size) == 1
            module.forward = partial(_convolution, layer.forward, in_blocks)


def _linear(layer: nn.Linear, forward: Forward, rows: Tensor) -> Tensor:
    if rows.dim() != 2:
        return forward(rows)
    count = rows.shape[0]
    padded = functional.pad(rows, (0, 0, 0, -count % _BLOCK))
    blocks = torch.split(padded, _BLOCK)
    return torch.cat([functional.linear(rows, layer.weight, layer.bias) for rows in blocks])[:count]


def _convolution(forward: Forward, in_blocks: bool, rows: Tensor) -> Tensor:
    if rows.shape[0] == 1:
        return forward(torch.cat([rows, rows]))[:1]
    if in_blocks and rows.shape[0] > _BLOCK:
        blocks = torch.split(rows, _BLOCK)
        return torch.cat([_convolution(forward, in_blocks, block) for block in blocks])
    return forward(rows)
