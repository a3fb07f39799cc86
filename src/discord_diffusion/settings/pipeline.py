"""Settings of what draws: the models, the device, and how hard it is driven."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from discord_diffusion.jobs.models import MAX_PIXELS as MAX_PIXELS_ALLOWED
from discord_diffusion.jobs.models import ModelSpec, parse
from discord_diffusion.jobs.parameters import GUIDANCE, SIZE
from discord_diffusion.settings.interactions import DEFAULT_GUIDANCE, DEFAULT_HEIGHT, DEFAULT_WIDTH
from discord_diffusion.settings.reader import MAX_PIXELS, MODELS, Reader, within

MODEL = "MODEL"
"""Folder or hub id of the pipeline that draws a job that names no model."""
MODEL_REVISION = "MODEL_REVISION"
"""Revision of a model on the hub."""
MODEL_VARIANT = "MODEL_VARIANT"
"""Variant of the weights, for example fp16."""
SCHEDULER = "SCHEDULER"
"""Class name of a diffusers scheduler; the model's own if not set."""
DEVICE = "DEVICE"
"""Where to draw: auto, cpu, mps, cuda or cuda:N."""
PRECISION = "PRECISION"
"""Numbers to draw with: fp32, fp16, bf16, or auto for what the device is fast in."""
TORCH_THREADS = "TORCH_THREADS"
"""CPU threads of torch; torch's own choice if not set."""
MAX_BATCH = "MAX_BATCH"
"""Most pictures in one forward pass, however many would fit."""
COMPILE = "COMPILE"
"""torch.compile: off, regional, full, max (tries more kernels), or auto: full on an NVIDIA GPU
where COMPILE_CACHE is set, else off."""
COMPILE_CACHE = "COMPILE_CACHE"
"""Folder where compiled code is kept from one start to the next."""

DEVICES = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
PRECISIONS = ("auto", "fp32", "fp16", "bf16")
COMPILES = ("auto", "off", "regional", "full", "max")
BATCH = (1, 64)


@dataclass(frozen=True)
class PipelineSettings:
    """What the pipeline needs. `usual_*` say what most jobs will ask for, for the first drawing."""

    default: ModelSpec
    models: Mapping[str, ModelSpec]
    device: str
    precision: str
    torch_threads: int | None
    max_batch: int
    compile: str
    compile_cache: str | None
    usual_width: int | None
    usual_height: int | None

    @classmethod
    def read(cls, read: Reader) -> "PipelineSettings":
        """Read the environment; problems are kept by the reader."""
        return cls(
            default=ModelSpec(
                model=read.required(MODEL, str, ""),
                revision=read.text(MODEL_REVISION),
                variant=read.text(MODEL_VARIANT),
                scheduler=read.text(SCHEDULER),
                guidance=read.optional(DEFAULT_GUIDANCE, _guidance, None),
                max_pixels=read.integer(MAX_PIXELS, 0, MAX_PIXELS_ALLOWED) or None,
            ),
            models=read.optional(MODELS, parse, {}),
            device=read.optional(DEVICE, _device, "auto"),
            precision=read.optional(PRECISION, _one_of(PRECISIONS), "auto"),
            torch_threads=read.integer(TORCH_THREADS, 0, (0, 1024)) or None,
            max_batch=read.integer(MAX_BATCH, 16, BATCH),
            compile=read.optional(COMPILE, _one_of(COMPILES), "auto"),
            compile_cache=read.text(COMPILE_CACHE),
            usual_width=read.integer(DEFAULT_WIDTH, 0, SIZE) or None,
            usual_height=read.integer(DEFAULT_HEIGHT, 0, SIZE) or None,
        )


def _device(text: str) -> str:
    if not DEVICES.fullmatch(text):
        raise ValueError("auto, cpu, mps, cuda or cuda:N is allowed")
    return text


def _guidance(text: str) -> float | None:
    return within(float(text), GUIDANCE)


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse_one(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"one of {', '.join(allowed)} is allowed")
        return text

    return parse_one
