"""torch.compile, so that no job ever waits for a compiler.

A network is compiled for the shapes of the first drawings, at the start of the worker; any other
shape is run plainly. Batches are filled up to a shape that is compiled. What was compiled is kept
in a folder, from which the next start takes it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from discord_diffusion.settings.reader import tell_libraries

_MODES = {"full": None, "max": "max-autotune-no-cudagraphs"}
"""CUDA graphs are left out: they save launches, of which a full batch has few for its size, and
forbid schedulers that keep what the network returned."""


def keep_compiled_code(folder: str | None) -> None:
    """Let this process, and the next, take compiled code from a folder."""
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        tell_libraries(
            TORCHINDUCTOR_CACHE_DIR=folder, TRITON_CACHE_DIR=str(Path(folder) / "triton")
        )


def choose_mode(wanted: str, device: torch.device, cache: str | None) -> str:
    """`auto` compiles where it is fast and the next start will not pay for it again."""
    if wanted != "auto":
        return wanted
    return "full" if device.type == "cuda" and cache else "off"


class ShapeChoice:
    """A network that runs compiled code for prepared shapes and its plain code for others."""

    def __init__(self, network: Any, compiled: Callable[..., Any]) -> None:
        self._plain = network.forward
        self._compiled = compiled
        self._prepared: set[tuple[Any, ...]] = set()
        self._preparing = False
        network.forward = self._forward

    @classmethod
    def of(cls, network: Any, mode: str) -> "ShapeChoice":
        """Compile `network.forward` in one of the modes `full` and `max`."""
        return cls(network, torch.compile(network.forward, mode=_MODES[mode], dynamic=False))

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Compile whatever runs inside."""
        self._preparing = True
        try:
            yield
        finally:
            self._preparing = False

    def _forward(self, *arguments: Any, **named: Any) -> Any:
        sample = arguments[0] if arguments else named["hidden_states"]
        shape = (*sample.shape, sample.dtype)
        if self._preparing:
            self._prepared.add(shape)
        run = self._compiled if shape in self._prepared else self._plain
        return run(*arguments, **named)


def fill(count: int, sizes: Sequence[int]) -> int:
    """Pictures to draw in place of `count`, so that the shape is one of those prepared."""
    return min((size for size in sizes if size >= count), default=count)
