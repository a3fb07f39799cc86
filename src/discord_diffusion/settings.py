"""Every environment variable, read strictly and in one place.

A variable that is empty counts as not set. All problems are reported together, by name, so that a
deployment is mended in one round. Nothing else in the package reads the environment.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from discord_diffusion.jobs import GUIDANCE, IMAGES, SIZE, SIZE_MULTIPLE, STEPS

T = TypeVar("T")

QUEUE_URL = "QUEUE_URL"
"""The SQS FIFO queue of jobs."""
LOG_LEVEL = "LOG_LEVEL"
"""Least severity that is logged: DEBUG, INFO, WARNING or ERROR."""
DISCORD_API_URL = "DISCORD_API_URL"
"""Base of Discord's HTTP API, with its version."""
AWS_REGION = "AWS_REGION"
"""Region of the AWS clients where a resource's address names none; set by Lambda itself."""
AWS_DEFAULT_REGION = "AWS_DEFAULT_REGION"
"""The same by its older name, the only one that boto3 reads."""

DISCORD_PUBLIC_KEY = "DISCORD_PUBLIC_KEY"
"""Ed25519 public key of the application, 64 hexadecimal digits."""
REPLAY_WINDOW_SECONDS = "REPLAY_WINDOW_SECONDS"
"""How far the signed timestamp may be from now; 0 accepts any."""
DEFAULT_STEPS = "DEFAULT_STEPS"
"""Denoising steps of a command that names none."""
DEFAULT_GUIDANCE = "DEFAULT_GUIDANCE"
"""Guidance scale of a command that names none."""
DEFAULT_WIDTH = "DEFAULT_WIDTH"
"""Width of a picture in pixels."""
DEFAULT_HEIGHT = "DEFAULT_HEIGHT"
"""Height of a picture in pixels."""
DEFAULT_IMAGES = "DEFAULT_IMAGES"
"""Pictures of a command that names no number."""

MODEL = "MODEL"
"""Folder or hub id of the pipeline."""
MODEL_REVISION = "MODEL_REVISION"
"""Revision of a model on the hub."""
MODEL_VARIANT = "MODEL_VARIANT"
"""Variant of the weights, for example fp16."""
MODEL_NOTICE = "MODEL_NOTICE"
"""A sentence shown under every answer, for example what the model cannot draw."""
SCHEDULER = "SCHEDULER"
"""Class name of a diffusers scheduler; the model's own if not set."""
DEVICE = "DEVICE"
"""Where to draw: auto, cpu, mps, cuda or cuda:N."""
TORCH_THREADS = "TORCH_THREADS"
"""CPU threads of torch; torch's own choice if not set."""
VISIBILITY_TIMEOUT_SECONDS = "VISIBILITY_TIMEOUT_SECONDS"
"""Length of a lease before it is extended; the queue's own setting."""
MAX_RECEIVE_COUNT = "MAX_RECEIVE_COUNT"
"""Receives before the queue moves a message to the dead-letter queue; the queue's own setting."""
RECEIVE_WAIT_SECONDS = "RECEIVE_WAIT_SECONDS"
"""Long poll."""
PICTURE_SCALE = "PICTURE_SCALE"
"""Whole number by which finished pictures are enlarged for showing."""
HEALTH_FILE = "HEALTH_FILE"
"""File that says that the worker is ready; none if not set."""
STOP_TIMEOUT_SECONDS = "STOP_TIMEOUT_SECONDS"
"""How long a running job may go on after SIGTERM."""

DISCORD_API = "https://discord.com/api/v10"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
DEVICES = re.compile(r"auto|cpu|mps|cuda(:\d+)?")


class SettingsError(Exception):
    """The environment does not say what is needed; the text lists every problem by name."""


@dataclass(frozen=True)
class InteractionsSettings:
    """What the Lambda `interactions` needs."""

    queue_url: str
    aws_region: str | None
    public_key: bytes
    replay_window_seconds: int
    default_steps: int
    default_guidance: float
    default_width: int
    default_height: int
    default_images: int
    log_level: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "InteractionsSettings":
        """Read the environment.

        Raises:
            SettingsError: with every problem.
        """
        read = _Reader(environ)
        settings = cls(
            queue_url=read.url(QUEUE_URL),
            aws_region=read.text(AWS_REGION) or read.text(AWS_DEFAULT_REGION),
            public_key=read.required(DISCORD_PUBLIC_KEY, _public_key, b""),
            replay_window_seconds=read.integer(REPLAY_WINDOW_SECONDS, 300, (0, 86_400)),
            default_steps=read.integer(DEFAULT_STEPS, 25, STEPS),
            default_guidance=read.number(DEFAULT_GUIDANCE, 7.5, GUIDANCE),
            default_width=read.optional(DEFAULT_WIDTH, _size, 512),
            default_height=read.optional(DEFAULT_HEIGHT, _size, 512),
            default_images=read.integer(DEFAULT_IMAGES, 4, IMAGES),
            log_level=read.log_level(),
        )
        read.finish()
        return settings


@dataclass(frozen=True)
class WorkerSettings:
    """What the worker needs."""

    queue_url: str
    aws_region: str | None
    discord_api_url: str
    model: str
    model_revision: str | None
    model_variant: str | None
    model_notice: str | None
    scheduler: str | None
    device: str
    torch_threads: int | None
    visibility_timeout_seconds: int
    max_receive_count: int
    receive_wait_seconds: int
    picture_scale: int
    health_file: str | None
    stop_timeout_seconds: int
    log_level: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "WorkerSettings":
        """Read the environment.

        Raises:
            SettingsError: with every problem.
        """
        read = _Reader(environ)
        settings = cls(
            queue_url=read.url(QUEUE_URL),
            aws_region=read.text(AWS_REGION) or read.text(AWS_DEFAULT_REGION),
            discord_api_url=read.url(DISCORD_API_URL, DISCORD_API),
            model=read.required(MODEL, str, ""),
            model_revision=read.text(MODEL_REVISION),
            model_variant=read.text(MODEL_VARIANT),
            model_notice=read.text(MODEL_NOTICE),
            scheduler=read.text(SCHEDULER),
            device=read.optional(DEVICE, _device, "auto"),
            torch_threads=read.integer(TORCH_THREADS, 0, (0, 1024)) or None,
            visibility_timeout_seconds=read.integer(VISIBILITY_TIMEOUT_SECONDS, 60, (3, 43_200)),
            max_receive_count=read.integer(MAX_RECEIVE_COUNT, 3, (1, 1000)),
            receive_wait_seconds=read.integer(RECEIVE_WAIT_SECONDS, 20, (0, 20)),
            picture_scale=read.integer(PICTURE_SCALE, 1, (1, 16)),
            health_file=read.text(HEALTH_FILE),
            stop_timeout_seconds=read.integer(STOP_TIMEOUT_SECONDS, 25, (0, 7200)),
            log_level=read.log_level(),
        )
        read.finish()
        return settings


def _public_key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) != 32:
        raise ValueError("64 hexadecimal digits are needed")
    return key


def _size(text: str) -> int:
    size = _within(int(text), SIZE)
    if size % SIZE_MULTIPLE:
        raise ValueError(f"a multiple of {SIZE_MULTIPLE} is needed")
    return size


def _device(text: str) -> str:
    if not DEVICES.fullmatch(text):
        raise ValueError("auto, cpu, mps, cuda or cuda:N is allowed")
    return text


def _url(text: str) -> str:
    if not re.match(r"https?://[^/\s]+", text):
        raise ValueError("an address that begins with http:// or https:// is needed")
    return text.rstrip("/")


@dataclass(frozen=True)
class _Reader:
    """Collects problems instead of stopping at the first."""

    environ: Mapping[str, str] | None
    problems: list[str] = field(default_factory=list)

    def _get(self, name: str) -> str | None:
        found = (os.environ if self.environ is None else self.environ).get(name, "")
        return found.strip() or None

    def text(self, name: str) -> str | None:
        return self._get(name)

    def optional(self, name: str, parse: Callable[[str], T], default: T) -> T:
        value = self._get(name)
        if value is None:
            return default
        try:
            return parse(value)
        except ValueError as error:
            self.problems.append(f"{name}={value!r}: {error}")
            return default

    def required(self, name: str, parse: Callable[[str], T], placeholder: T) -> T:
        if self._get(name) is None:
            self.problems.append(f"{name} is not set")
        return self.optional(name, parse, placeholder)

    def url(self, name: str, default: str | None = None) -> str:
        if default is None:
            return self.required(name, _url, "")
        return self.optional(name, _url, default)

    def integer(self, name: str, default: int, allowed: tuple[int, int]) -> int:
        return self.optional(name, lambda text: _within(int(text), allowed), default)

    def number(self, name: str, default: float, allowed: tuple[float, float]) -> float:
        return self.optional(name, lambda text: _within(float(text), allowed), default)

    def log_level(self) -> str:
        return self.optional(LOG_LEVEL, _log_level, "INFO")

    def finish(self) -> None:
        if self.problems:
            raise SettingsError("; ".join(self.problems))


def _log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)} is allowed")
    return text.upper()


N = TypeVar("N", int, float)


def _within(value: N, allowed: tuple[N, N]) -> N:
    if not allowed[0] <= value <= allowed[1]:
        raise ValueError(f"{allowed[0]} to {allowed[1]} is allowed")
    return value
