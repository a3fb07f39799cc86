"""One model on its device: its pipelines, schedulers and sizes."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import diffusers
import torch
from diffusers import SchedulerMixin

from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.options import scheduler_suits
from discord_diffusion.worker.errors import ModelLoadError, OptionRefusedError
from discord_diffusion.worker.pipeline import interface
from discord_diffusion.worker.pipeline.compilation import Compilation
from discord_diffusion.worker.pipeline.decoding import Decoder
from discord_diffusion.worker.pipeline.loras import LoadedLoras
from discord_diffusion.worker.pipeline.safety_checker import SafetyChecker
from discord_diffusion.worker.pipeline.sketches import Sketcher
from discord_diffusion.worker.pipeline_types import ModelInfo

_NOISE_WITHOUT_SEED = frozenset({"DPMSolverSDEScheduler", "CosineDPMSolverMultistepScheduler"})
"""Schedulers that take the noise of all pictures of a batch from one generator, whatever the
pictures' seeds."""


class LoadedModel:
    """A text-to-image pipeline, and an image-to-image pipeline with the same weights."""

    def __init__(
        self,
        pipe: Any,
        name: str,
        spec: ModelSpec,
        compilations: Sequence[Compilation] = (),
        loras: LoadedLoras | None = None,
    ) -> None:
        self.text_to_image = pipe
        self.name = name
        self.spec = spec
        self.compilations = compilations
        self.loras = loras or LoadedLoras(pipe)
        self.raised_precisions = 0
        """How often the precision was raised."""
        self._compiled_counts: dict[tuple[int, int, bool], list[int]] = {}
        self.own_scheduler = pipe.scheduler
        self.decoder = Decoder(interface.autoencoder(pipe))
        self.sketcher = Sketcher()
        self.edits = interface.edits(type(pipe))
        self.safety_checker = SafetyChecker.taken_from(pipe)
        pipe.set_progress_bar_config(disable=True)

    @cached_property
    def needs_source(self) -> bool:
        """Whether the model only edits pictures."""
        return self.edits and interface.only_edits(type(self.text_to_image))

    @cached_property
    def image_to_image(self) -> Any:
        """Shares every network with `text_to_image`; `OptionRefusedError` if there is none."""
        if self.edits:
            return self.text_to_image
        from diffusers import AutoPipelineForImage2Image  # takes a while, and few jobs need it

        try:
            pipe = AutoPipelineForImage2Image.from_pipe(self.text_to_image)
        except ValueError as error:
            raise OptionRefusedError(f"{self.name} cannot draw from a source image") from error
        pipe.set_progress_bar_config(disable=True)
        return pipe

    @cached_property
    def inpainting(self) -> Any:
        """An inpainting pipeline with the same networks; the image-to-image one if there is none.

        Raises:
            OptionRefusedError: there is neither.
        """
        if self.edits:
            raise OptionRefusedError(f"{self.name} changes pictures only as a whole")
        if interface.is_combined(self.text_to_image):
            # Diffusers' pipeline for it takes networks that were trained for inpainting alone.
            return self.image_to_image
        from diffusers import AutoPipelineForInpainting  # as above

        try:
            pipe = AutoPipelineForInpainting.from_pipe(self.text_to_image)
        except ValueError:
            return self.image_to_image
        pipe.set_progress_bar_config(disable=True)
        return pipe

    @property
    def device(self) -> torch.device:
        """Where the networks run, also while they wait in host memory for their turn."""
        device: torch.device = self.text_to_image._execution_device
        return device

    def raise_precision(self) -> dict[str, str] | None:
        """Change the autoencoder to fp32, or, if it is, every network; None if they all are.

        Returns what was changed, for the log.
        """
        pipe = self.text_to_image
        networks = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
        if {getattr(network, "dtype", torch.float32) for network in networks} <= {torch.float32}:
            return None
        self.raised_precisions += 1
        autoencoder = interface.autoencoder(pipe)
        if autoencoder.dtype is not torch.float32:
            autoencoder.to(torch.float32)
            return {"networks": "autoencoder"}
        pipe.to(torch.float32)
        return {"networks": "all"}

    def info(self, scheduler: str | None = None) -> ModelInfo:
        """The model and scheduler to name with a picture; None is the model's own scheduler."""
        chosen = scheduler or type(self.own_scheduler).__name__
        return ModelInfo(self.name, chosen, str(self.device))

    def scheduler(self, name: str | None) -> Any:
        """A new scheduler for one call; `OptionRefusedError` names those that are allowed."""
        own = self.own_scheduler
        if name is None or name == type(own).__name__:
            return _made(type(own), own.config)
        kinds = scheduler_choices(own)
        if name not in kinds:
            allowed = ", ".join(sorted(kinds))
            raise OptionRefusedError(f"{name} does not suit this model; {allowed} do")
        return _made(kinds[name], own.config)

    @cached_property
    def native_size(self) -> tuple[int, int]:
        """Width and height that the model draws by default."""
        return interface.native_size(self.text_to_image)

    def supported_size(self, width: int, height: int) -> tuple[int, int]:
        """The size, rounded up to the multiple that the networks need."""
        multiple = interface.size_multiple(self.text_to_image)
        return math.ceil(width / multiple) * multiple, math.ceil(height / multiple) * multiple

    def add_compiled_count(self, count: int, size: tuple[int, int], guidance: float) -> None:
        """Remember that batches of `count` pictures of that size are compiled.

        Guidance above 1 doubles the rows of a batch, which makes another shape of it.
        """
        self._compiled_counts.setdefault((*size, guidance > 1), []).append(count)

    def padded_count(self, count: int, size: tuple[int, int], guidance: float) -> int:
        """Pictures to draw in place of `count`, so that the batch has a compiled shape."""
        compiled = self._compiled_counts.get((*size, guidance > 1), ())
        return min((enough for enough in compiled if enough >= count), default=count)


def scheduler_from_setting(name: str, config: Any) -> Any:
    """Any scheduler of diffusers by its class name; `ModelLoadError` says what is allowed."""
    kind: Any = getattr(diffusers, name, None)
    if not _is_scheduler(kind):
        raise ModelLoadError(
            f"SCHEDULER={name!r} is no scheduler of diffusers {diffusers.__version__}; "
            "allowed: a class name such as DPMSolverMultistepScheduler"
        )
    return _made(kind, config)


def scheduler_choices(own: Any) -> dict[str, Any]:
    """Classes of schedulers that a job may name, of those that diffusers calls compatible to `own`.

    A model that was distilled for its own one is drawn by no other.
    """
    # For a class whose libraries are missing diffusers has a dummy, which is no scheduler.
    kinds = [type(own), *(kind for kind in own.compatibles if _is_scheduler(kind))]
    return {
        kind.__name__: kind
        for kind in kinds
        if kind.__name__ not in _NOISE_WITHOUT_SEED
        and scheduler_suits(kind.__name__, type(own).__name__)
    }


def _made(kind: Any, config: Any) -> Any:
    """A scheduler with what a configuration, maybe another scheduler's, says of the model."""
    # PNDM would else begin with twelve more calls, which need four steps and which no job pays for.
    # Stable Diffusion's own configurations say the same.
    changes = {"skip_prk_steps": True} if kind is diffusers.PNDMScheduler else {}
    return kind.from_config(config, **changes)


def _is_scheduler(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, SchedulerMixin)
