"""Makes a pipeline's networks fast on their device: memory layout, fused layers, torch.compile.

No job waits for a compiler: at the start of the worker a network is compiled for the shapes of the
usual batches, and it runs uncompiled for anything else. Compiled code is kept in a folder for the
next start.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

from discord_diffusion.settings.reader import set_for_libraries
from discord_diffusion.worker.pipeline.batch_invariance import make_batch_invariant

log = logging.getLogger(__name__)

_TORCH_MODES = {"full": None, "max": "max-autotune-no-cudagraphs"}
"""Modes of `torch.compile` by the values of COMPILE. CUDA graphs are left out: they save launches,
of which a full batch has few for its size, and forbid schedulers that keep what the network
returned."""


_FIRST_TRITON_CAPABILITY = (8, 0)
"""Triton 3.3 and later make no code for NVIDIA GPUs of earlier compute capabilities.
https://github.com/triton-lang/triton/issues/5066"""


def denoiser(pipe: Any) -> Any:
    """The network that runs once a step: a UNet, or a transformer."""
    return getattr(pipe, "unet", None) or pipe.transformer


def choose_compile_mode(wanted: str, device: torch.device, cache: str | None) -> str:
    """Turn `auto` into a mode: compile only on a GPU with a cache folder.

    Whatever is wanted, a GPU for which Triton makes no code compiles nothing.
    """
    if device.type == "cuda" and (
        torch.cuda.get_device_capability(device) < _FIRST_TRITON_CAPABILITY
    ):
        if wanted not in ("auto", "off"):
            log.warning("Nothing is compiled: Triton makes no code for this GPU")
        return "off"
    if wanted != "auto":
        return wanted
    return "full" if device.type == "cuda" and cache else "off"


def nothing_compiled(compile_mode: str) -> AbstractContextManager[object]:
    """Inside the block torch runs the code that is compiled and compiles no more.

    A shape alone does not decide: another scheduler may give a network other types of numbers.
    """
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


class CompiledNetwork:
    """A network that runs compiled code for some shapes and uncompiled code for all others."""

    def __init__(self, network: Any, compiled: Callable[..., Any]) -> None:
        """Replace `network.forward`, in place."""
        self._uncompiled = network.forward
        self._compiled = compiled
        self._compiled_shapes: set[tuple[Any, ...]] = set()
        self._compiling = False
        network.forward = self._forward

    @contextmanager
    def compiling(self) -> Iterator[None]:
        """Compile every shape that runs inside the block."""
        self._compiling = True
        try:
            yield
        finally:
            self._compiling = False

    def stop_compiled_code(self) -> None:
        """Run uncompiled code for every shape from now on."""
        self._compiled_shapes.clear()

    def _forward(self, *arguments: Any, **named: Any) -> Any:
        sample = arguments[0] if arguments else named["hidden_states"]
        # Some transformers take a list of pictures.
        rows = sample if isinstance(sample, list | tuple) else [sample]
        shape = tuple((*row.shape, row.dtype) for row in rows)
        if self._compiling:
            self._compiled_shapes.add(shape)
        run = self._compiled if shape in self._compiled_shapes else self._uncompiled
        return run(*arguments, **named)


def optimize(pipe: Any, device: torch.device, compile_mode: str) -> Sequence[CompiledNetwork]:
    """Optimize the pipeline's networks in place; returns those that compile for single shapes.

    Attention needs nothing: diffusers uses torch's fused one.
    """
    network = denoiser(pipe)
    for part in (network, pipe.vae):
        # For the convolutions: on tensor cores, and a twelfth faster on the CPU.
        part.to(memory_format=torch.channels_last)
    if device.type == "cpu":
        for part in pipe.components.values():
            if isinstance(part, nn.Module):
                make_batch_invariant(part)
        if compile_mode == "off":
            cache_text_projections(network)
    else:
        fuse_projections(network)
    if compile_mode == "off":
        return ()
    if compile_mode == "regional":
        network.compile_repeated_blocks(dynamic=True)
        return ()
    mode = _TORCH_MODES[compile_mode]
    return [
        CompiledNetwork(part, torch.compile(part.forward, mode=mode, dynamic=False))
        for part in (network, pipe.vae.decoder)
    ]


def fuse_projections(network: Any) -> None:
    """Compute queries, keys and values in one matrix product instead of three."""
    if hasattr(network, "fuse_qkv_projections"):
        try:
            network.fuse_qkv_projections()
        except ValueError as error:
            log.info("The projections are not fused", extra={"reason": str(error)})


def cache_text_projections(network: nn.Module) -> None:
    """Compute the keys and values of the prompt once a batch instead of once a step, in place.

    The prompt is the same in every step: this saves 4 % of the embedded model's time. For networks
    that are not compiled.
    """
    for layer in network.modules():
        if isinstance(layer, Attention) and layer.is_cross_attention:
            for projection in (layer.to_k, layer.to_v):
                _CachedProjection(projection)


class _CachedProjection:
    """Keeps the last output of a layer while its input is the same tensor object."""

    def __init__(self, layer: nn.Module) -> None:
        self._project: Callable[[Tensor], Tensor] = layer.forward
        self._input: Tensor | None = None
        self._output: Tensor | None = None
        layer.forward = self.forward

    def forward(self, text: Tensor) -> Tensor:
        """Replaces the layer's own `forward`; no code changes either tensor in place."""
        if self._output is None or text is not self._input:
            self._input, self._output = text, self._project(text)
        return self._output
