"""torch.compile: what is compiled, when, and what happens where that fails.

No job waits for a compiler: networks are compiled while the worker starts, for the usual batches,
and run uncompiled for anything else. Where compiling fails, or compiled code does, they run
uncompiled from then on. Compiled code is kept in a folder for the next start.
"""

import importlib.util
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from discord_diffusion.settings.reader import set_for_libraries
from discord_diffusion.worker.pipeline.memory import is_out_of_memory

log = logging.getLogger(__name__)

_TORCH_MODES = {"full": None, "max": "max-autotune-no-cudagraphs"}
"""Modes of `torch.compile` by the values of COMPILE. CUDA graphs are left out: they save launches,
of which a full batch has few for its size, and forbid schedulers that keep what the network
returned."""
_FIRST_TRITON_CAPABILITY = (8, 0)
"""Triton 3.3 and later make no code for NVIDIA GPUs of earlier compute capabilities.
https://github.com/triton-lang/triton/issues/5066"""


def choose_compile_mode(wanted: str, device: torch.device, cache: str | None) -> str:
    """Turn `auto` into a mode: compile only on a GPU with a cache folder.

    Whatever is wanted, nothing is compiled where Triton is missing or makes no code for the GPU.
    """
    if wanted == "off" or (wanted == "auto" and not (device.type == "cuda" and cache)):
        return "off"
    if device.type == "cuda" and (reason := _no_triton(device)):
        log.warning("Nothing is compiled", extra={"reason": reason})
        return "off"
    return "full" if wanted == "auto" else wanted


def _no_triton(device: torch.device) -> str | None:
    if torch.cuda.get_device_capability(device) < _FIRST_TRITON_CAPABILITY:
        return "Triton makes no code for this GPU"
    if importlib.util.find_spec("triton") is None:
        return "Triton is not installed"
    return None


def nothing_compiled(compile_mode: str) -> AbstractContextManager[object]:
    """Inside the block torch runs the code that is compiled and compiles no more."""
    if compile_mode == "off":
        return nullcontext()  # the other imports torch's compiler, which takes seconds
    stance: AbstractContextManager[object] = torch.compiler.set_stance("eager_on_recompile")
    return stance


def use_compile_cache(folder: str | None) -> None:
    """Let this process, and the next, take compiled code from a folder."""
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        set_for_libraries(
            TORCHINDUCTOR_CACHE_DIR=folder, TRITON_CACHE_DIR=str(Path(folder) / "triton")
        )


class Compilation(Protocol):
    """One network, or the blocks of one, that can run compiled code."""

    any_shape: bool
    """Whether the same compiled code runs for batches of every shape."""

    def compiling(self) -> AbstractContextManager[None]:
        """Compile what runs inside the block, and for which shapes it does."""

    def stop_compiled_code(self) -> None:
        """Run uncompiled code from now on."""


def prepare(network: Any, decoder: Any, compile_mode: str) -> Sequence[Compilation]:
    """Prepare a denoiser and a decoder for a mode; nothing is compiled yet."""
    if compile_mode == "off":
        return ()
    if compile_mode == "regional":
        return [CompiledBlocks(network)]
    mode = _TORCH_MODES[compile_mode]
    return [
        CompiledNetwork(part, torch.compile(part.forward, mode=mode, dynamic=False))
        for part in (network, decoder)
    ]


class CompiledNetwork:
    """A network that runs compiled code for some inputs and uncompiled code for all others."""

    any_shape = False

    def __init__(self, network: Any, compiled: Callable[..., Any]) -> None:
        """Replace `network.forward`, in place."""
        self._uncompiled = network.forward
        self._compiled = compiled
        self._compiled_kinds: set[object] = set()
        self._compiling = False
        network.forward = self._forward

    @contextmanager
    def compiling(self) -> Iterator[None]:
        """Compile every kind of input that runs inside the block."""
        self._compiling = True
        try:
            yield
        finally:
            self._compiling = False

    def stop_compiled_code(self) -> None:
        """Run uncompiled code for every input from now on."""
        self._compiled_kinds.clear()

    def _forward(self, *arguments: Any, **named: Any) -> Any:
        if not (self._compiling or self._compiled_kinds):
            return self._uncompiled(*arguments, **named)
        kind = kind_of((arguments, named))
        if self._compiling:
            self._compiled_kinds.add(kind)
            return self._compiled(*arguments, **named)
        if kind in self._compiled_kinds:
            return _run(self._compiled, self._uncompiled, self, arguments, named)
        return self._uncompiled(*arguments, **named)


class CompiledBlocks:
    """A network whose repeated blocks run compiled code, for any shape."""

    any_shape = True

    def __init__(self, network: Any) -> None:
        self._network = network
        self._compiled = False

    @contextmanager
    def compiling(self) -> Iterator[None]:
        """Compile the blocks that run inside the block."""
        first, self._compiled = not self._compiled, True
        if first:
            self._network.compile_repeated_blocks(dynamic=True)
        yield
        if first:
            for block in self._blocks():
                block._compiled_call_impl = self._guarded(block)

    def stop_compiled_code(self) -> None:
        """Run uncompiled blocks from now on."""
        for block in self._blocks():
            block._compiled_call_impl = None

    def _blocks(self) -> list[Any]:
        # torch's own name: https://github.com/pytorch/pytorch/blob/main/torch/nn/modules/module.py
        return [block for block in self._network.modules() if block._compiled_call_impl]

    def _guarded(self, block: Any) -> Callable[..., Any]:
        compiled = block._compiled_call_impl

        def run(*arguments: Any, **named: Any) -> Any:
            return _run(compiled, block._call_impl, self, arguments, named)

        return run


def kind_of(value: object) -> object:
    """What compiled code depends on in the arguments of a network: shapes, types, and constants.

    Another scheduler, for example, may give the time as another type of numbers.
    """
    if isinstance(value, Tensor):
        return value.shape, value.dtype
    if isinstance(value, list | tuple):
        return tuple(kind_of(part) for part in value)
    if isinstance(value, dict):
        return tuple((name, kind_of(part)) for name, part in sorted(value.items()))
    # A number such as the time may be another in each step: torch compiles code for any of them.
    return value if isinstance(value, bool | str | None) else type(value)


def _run(
    compiled: Callable[..., Any],
    uncompiled: Callable[..., Any],
    compilation: Compilation,
    arguments: Sequence[Any],
    named: dict[str, Any],
) -> Any:
    """Run compiled code; where it fails, stop it for good and run the uncompiled."""
    try:
        return compiled(*arguments, **named)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        log.warning("Compiled code failed and is not run any more", extra={"error": str(error)})
    compilation.stop_compiled_code()
    return uncompiled(*arguments, **named)
