"""Three ways to draw the same pictures."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import diffusers
import numpy as np
import torch
from diffusers import DiffusionPipeline

from discord_diffusion.jobs.options import IMAGES
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.settings.worker import PipelineSettings
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline_types import Generation, GenerationRequest

PROMPT = "a red circle on a blue background"


@dataclass(frozen=True)
class Case:
    """A model and the parameters of its pictures; `side` in pixels."""

    name: str
    folder: Path
    side: int
    steps: int
    guidance: float


def ignore_step(*_step: object) -> None:
    """A step callback that does nothing."""


class Recipe(Protocol):
    """A way to draw the pictures of a case, `pictures` at a time."""

    pictures: int

    def draw(self) -> float:
        """Draw once; returns the seconds of a denoising step, the first one left out."""


@dataclass
class PlainDiffusers:
    """diffusers as its own examples use it, with its default settings."""

    case: Case
    device: torch.device
    dtype: torch.dtype
    pictures: int
    pipe: Any = field(init=False)

    def __post_init__(self) -> None:
        with _library_defaults():
            kind: Any = DiffusionPipeline
            pipe = kind.from_pretrained(self.case.folder, dtype=self.dtype, local_files_only=True)
            self.pipe = pipe.to(self.device)
        self.pipe.set_progress_bar_config(disable=True)

    def draw(self) -> float:
        """Draw in one call; no step is timed, since a callback would slow it."""
        with _library_defaults():
            self.pipe(
                [PROMPT] * self.pictures,
                num_inference_steps=self.case.steps,
                guidance_scale=self.case.guidance,
                width=self.case.side,
                height=self.case.side,
            )
        return float("nan")

    def denoiser_flops(self) -> int:
        """Floating-point operations of one step for one picture, guidance included."""
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counter:
            self.pipe(
                PROMPT,
                num_inference_steps=2,
                guidance_scale=self.case.guidance,
                width=self.case.side,
                height=self.case.side,
                output_type="latent",
            )
        name = type(self.pipe.unet).__name__
        ran = 3 if "PNDM" in type(self.pipe.scheduler).__name__ else 2
        counted: int = sum(counter.get_flop_counts()[name].values()) // ran
        return counted


@dataclass
class WorkerGenerator:
    """The worker's generator, with as many pictures as fit by its own measure."""

    case: Case
    settings: dict[str, str]
    pictures: int = field(init=False)
    generator: DiffusersGenerator = field(init=False)

    def __post_init__(self) -> None:
        environment = {
            "MODEL": str(self.case.folder),
            "DEFAULT_WIDTH": str(self.case.side),
            "DEFAULT_HEIGHT": str(self.case.side),
            "DEFAULT_GUIDANCE": str(self.case.guidance),
            **self.settings,
        }
        settings = PipelineSettings.from_environ(environment)
        self.generator = DiffusersGenerator.load(settings)
        self.generator.warm_up()
        self.pictures = self.generator.capacity(self._parameters(1))

    def draw(self) -> float:
        """Draw as many jobs as fill a batch."""
        most = IMAGES[1]
        counts = [most] * (self.pictures // most) + [self.pictures % most]
        requests = [GenerationRequest(self._parameters(count)) for count in counts if count]
        made = self.generator.generate(requests, ignore_step)
        for result in made:
            if isinstance(result, Exception):
                raise result
        assert isinstance(made[0], Generation)
        return made[0].seconds.other_steps / max(1, self.case.steps - 1)

    def draw_seeds(self, count: int) -> Any:
        """The picture of seed 1, as integers, drawn in one batch with so many seeds in all."""
        requests = [self.request(seed) for seed in range(1, count + 1)]
        first = self.generator.generate(requests, ignore_step)[0]
        if isinstance(first, Exception):
            raise first
        return np.asarray(first.pictures[0].image).astype(int)

    def request(self, seed: int) -> GenerationRequest:
        """A job of one picture."""
        return GenerationRequest(replace(self._parameters(1), seed=seed))

    def _parameters(self, images: int) -> GenerationParameters:
        case = self.case
        return GenerationParameters(
            PROMPT, 1, case.steps, case.guidance, case.side, case.side, images
        )


def recipes(
    case: Case, device: torch.device, worker_settings: dict[str, str]
) -> dict[str, Callable[[], Any]]:
    """Loaders of the case's recipes, by name."""
    half = torch.float32 if device.type == "cpu" else torch.float16
    plain = "fp32" if device.type == "cpu" else "fp16"
    return {
        "(a) one by one, fp32": lambda: PlainDiffusers(case, device, torch.float32, 1),
        f"(b) plain diffusers, {plain}, 4 at a time": lambda: PlainDiffusers(case, device, half, 4),
        "(c) this worker": lambda: WorkerGenerator(case, worker_settings),
    }


@contextmanager
def _library_defaults() -> Iterator[None]:
    """Undo, for other recipes, the settings of torch that the worker makes for its process."""
    precision, benchmark = torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.benchmark = False
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.benchmark = benchmark


diffusers.utils.logging.set_verbosity_error()
