"""Text to pictures with any model that diffusers' `AutoPipelineForText2Image` loads.

The only module that imports torch and diffusers; importing it takes seconds, so nothing imports it
before the settings are known to be good.
"""

import inspect
import logging
import time
from collections.abc import Callable, Hashable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from PIL.Image import Image
from transformers.utils import logging as transformers_logging

from discord_diffusion.jobs import IMAGES, GenerationParameters
from discord_diffusion.settings import PipelineSettings
from discord_diffusion.worker.errors import (
    GenerationError,
    ModelLoadError,
    OutOfMemoryError,
    WorkerError,
)
from discord_diffusion.worker.pictures import (
    Generation,
    GenerationRequest,
    ModelInfo,
    OnStep,
    PhaseSeconds,
    Picture,
)

log = logging.getLogger(__name__)

# Their warnings repeat users' prompts and say nothing that an operator can act on.
for _logging in (diffusers.utils.logging, transformers_logging):
    _logging.set_verbosity_error()
    _logging.disable_progress_bar()

TEXT_TO_IMAGE = frozenset(
    {
        "StableDiffusionPipeline",
        "StableDiffusionXLPipeline",
        "StableDiffusion3Pipeline",
        "FluxPipeline",
    }
)
"""Classes for which `AutoPipelineForText2Image` would choose the same class again. Asking it would
import every family of pipelines that diffusers knows, a sixth of a cold start."""

SEEDS = 2**32
_WARM_UP_STEPS = 2
"""Some schedulers cannot do with one."""
_FIRST_BFLOAT16_GENERATION = (8, 0)
"""NVIDIA GPUs of earlier compute capabilities emulate bfloat16, slowly."""


class DiffusersGenerator:
    """A loaded pipeline on its device. One caller at a time."""

    def __init__(self, pipe: Any, model: ModelInfo) -> None:
        self._pipe = pipe
        self._model = model
        self._accepted = frozenset(inspect.signature(pipe.__call__).parameters)

    @property
    def model(self) -> ModelInfo:
        """What is loaded."""
        return self._model

    @classmethod
    def load(cls, settings: PipelineSettings) -> "DiffusersGenerator":
        """Load the model that `settings` name; `ModelLoadError` says what is wrong."""
        device = choose_device(settings.device)
        if settings.torch_threads:
            torch.set_num_threads(settings.torch_threads)
        try:
            pipe = _from_pretrained(settings, choose_dtype(device)).to(device)
        except Exception as error:
            raise ModelLoadError(
                f"MODEL={settings.default.model!r} cannot be loaded: {error}"
            ) from error
        if settings.default.scheduler:
            pipe.scheduler = _scheduler(settings.default.scheduler, pipe.scheduler.config)
        pipe.set_progress_bar_config(disable=True)
        name = (
            Path(settings.default.model).name
            if Path(settings.default.model).is_dir()
            else settings.default.model
        )
        return cls(pipe, ModelInfo(name, type(pipe.scheduler).__name__, str(device)))

    def warm_up(self) -> None:
        """Draw one picture at the model's own size: allocates, picks kernels, proves it whole."""
        try:
            with torch.inference_mode():
                self._pipe(**self._supported(prompt="warm-up", num_inference_steps=_WARM_UP_STEPS))
        except Exception as error:
            raise ModelLoadError(f"{self._model.name} loads but does not draw: {error}") from error

    def batch_key(self, parameters: GenerationParameters) -> Hashable:
        """What has to be one value in a call of the pipeline."""
        return (
            parameters.width,
            parameters.height,
            parameters.steps,
            parameters.guidance,
            bool(parameters.negative_prompt),
        )

    def capacity(self, parameters: GenerationParameters) -> int:  # noqa: ARG002 - of the protocol
        """As many as a job may have."""
        return IMAGES[1]

    def generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        """Make all pictures in one call of the pipeline."""
        stopwatch = _Stopwatch(on_step)
        try:
            with torch.inference_mode():
                result = self._pipe(**self._arguments(requests, stopwatch.step_ended))
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            return [OutOfMemoryError(str(error))] * len(requests)
        except WorkerError:  # of `on_step`: whoever watches wants it to stop
            raise
        except Exception as error:  # noqa: BLE001 - one row of the failure table for all
            return [GenerationError(f"{type(error).__name__}: {error}")] * len(requests)
        seconds = stopwatch.read()
        drawn: list[Image] = list(result.images)
        flags = getattr(result, "nsfw_content_detected", None) or [False] * len(drawn)
        made = zip(drawn, flags, strict=True)
        return [
            self._generation(request, list(islice(made, request.parameters.images)), seconds)
            for request in requests
        ]

    def _generation(
        self, request: GenerationRequest, made: list[tuple[Image, bool]], seconds: PhaseSeconds
    ) -> Generation:
        pictures = tuple(
            Picture(image, seed, index)
            for index, ((image, flagged), seed) in enumerate(
                zip(made, _seeds(request.parameters), strict=True)
            )
            if not (flagged and request.safety_check)
        )
        return Generation(pictures, len(made) - len(pictures), seconds, self._model)

    def _arguments(
        self, requests: Sequence[GenerationRequest], step_ended: Callable[..., Any]
    ) -> dict[str, Any]:
        each = [one.parameters for one in requests for _ in range(one.parameters.images)]
        common = each[0]
        seeds = [seed for one in requests for seed in _seeds(one.parameters)]
        negative = [one.negative_prompt for one in each] if common.negative_prompt else None
        return self._supported(
            prompt=[one.prompt for one in each],
            negative_prompt=negative,
            num_inference_steps=common.steps,
            guidance_scale=common.guidance,
            width=common.width,
            height=common.height,
            # On the CPU whatever the device: the same noise everywhere, in any batch.
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            callback_on_step_end=lambda pipe, step, _timestep, tensors: step_ended(
                step + 1, pipe.num_timesteps, tensors
            ),
        )

    def _supported(self, **arguments: Any) -> dict[str, Any]:
        """Leave out what this model's pipeline has no argument for (FLUX: no negative prompt)."""
        return {name: value for name, value in arguments.items() if name in self._accepted}


def _seeds(parameters: GenerationParameters) -> list[int]:
    return [(parameters.seed + index) % SEEDS for index in range(parameters.images)]


class _Stopwatch:
    """Times the phases of one call by the ends of its steps."""

    def __init__(self, on_step: OnStep) -> None:
        self._on_step = on_step
        self._started = time.perf_counter()
        self._step_ends: list[float] = []

    def step_ended(self, done: int, total: int, tensors: dict[str, Any]) -> dict[str, Any]:
        self._step_ends.append(time.perf_counter())
        self._on_step(done, total, None)
        return tensors

    def read(self) -> PhaseSeconds:
        now = time.perf_counter()
        first, last = (self._step_ends or [now])[0], (self._step_ends or [now])[-1]
        return PhaseSeconds(first - self._started, last - first, now - last)


def choose_device(wanted: str) -> torch.device:
    """`auto` takes a GPU when there is one; a device that is named must be there."""
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(wanted)
    missing = (device.type == "cuda" and not torch.cuda.is_available()) or (
        device.type == "mps" and not torch.backends.mps.is_available()
    )
    if missing:
        raise ModelLoadError(f"DEVICE={wanted!r} is not there; auto or cpu would run on the CPU")
    return device


def choose_dtype(device: torch.device) -> torch.dtype:
    """fp32 on the CPU, where half precision is many times slower; else what the GPU is fast in."""
    if device.type == "cpu":
        return torch.float32
    if device.type == "cuda" and (
        torch.cuda.get_device_capability(device) >= _FIRST_BFLOAT16_GENERATION
    ):
        return torch.bfloat16
    return torch.float16


def _from_pretrained(settings: PipelineSettings, dtype: torch.dtype) -> Any:
    where = {
        "revision": settings.default.revision,
        "local_files_only": Path(settings.default.model).is_dir(),
    }
    kind: Any = DiffusionPipeline
    if kind.load_config(settings.default.model, **where).get("_class_name") not in TEXT_TO_IMAGE:
        kind = diffusers.AutoPipelineForText2Image
    return kind.from_pretrained(
        settings.default.model, variant=settings.default.variant, dtype=dtype, **where
    )


def _scheduler(name: str, config: Any) -> Any:
    scheduler = getattr(diffusers, name, None)
    if not (isinstance(scheduler, type) and issubclass(scheduler, diffusers.SchedulerMixin)):
        raise ModelLoadError(
            f"SCHEDULER={name!r} is no scheduler of diffusers {diffusers.__version__}; "
            "allowed: a class name such as DPMSolverMultistepScheduler"
        )
    return scheduler.from_config(config)  # type: ignore[no-untyped-call]  # diffusers has no types
