"""Settings of the GPU worker and of its pipeline."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from discord_diffusion.jobs.embeddings import EmbeddingSpec
from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.jobs.models import MAX_PIXELS as MAX_PIXELS_ALLOWED
from discord_diffusion.jobs.models import PRECISIONS, ModelSpec, checked_source, parse
from discord_diffusion.jobs.options import GUIDANCE, SIZE, STEPS
from discord_diffusion.jobs.units import Tariff
from discord_diffusion.logs import LogOptions
from discord_diffusion.settings.additions import read_embeddings, read_loras
from discord_diffusion.settings.reader import (
    DEFAULT_GUIDANCE,
    DEFAULT_HEIGHT,
    DEFAULT_STEPS,
    DEFAULT_WIDTH,
    DISCORD_API,
    DISCORD_API_URL,
    JOBS_TABLE,
    MAX_PIXELS,
    METRIC_NAMESPACE,
    MODELS,
    QUEUE_URL,
    SCHEDULER,
    Reader,
    Settings,
    within,
)
from discord_diffusion.settings.tariff import read_tariff

MODEL = "MODEL"
"""Folder or hub id of the pipeline, or the single file, that draws a job that names no model."""
MODEL_REVISION = "MODEL_REVISION"
"""Revision of a model on the hub."""
MODEL_VARIANT = "MODEL_VARIANT"
"""Variant of the weights, for example fp16."""
MODEL_VAE = "MODEL_VAE"
"""Folder or hub id of an autoencoder in place of the pipeline's own, for example one of SDXL's that
does not overflow in fp16."""
MODEL_LORA = "MODEL_LORA"
"""File, folder or hub id of a LoRA that is merged into the pipeline's weights, for example one with
which it draws in few steps; org/name/file.safetensors where a repository has several."""
SAFETY_CHECKER = "SAFETY_CHECKER"
"""What checks the pictures of a model that has no safety checker: folder or hub id of a pipeline
whose checker is used, model (every model must have one), or none."""
DEVICE = "DEVICE"
"""Where to draw: auto, cpu, mps, cuda or cuda:N."""
PRECISION = "PRECISION"
"""Number format: fp32, fp16, bf16, or auto for the fastest one of the device."""
TORCH_THREADS = "TORCH_THREADS"
"""CPU threads of torch; torch's own choice if not set."""
MAX_BATCH = "MAX_BATCH"
"""Most pictures in one forward pass, however many would fit."""
COMPILE = "COMPILE"
"""torch.compile: off, regional, full, max (tries more kernels), or auto: full on an NVIDIA GPU
where COMPILE_CACHE is set, else off."""
COMPILE_CACHE = "COMPILE_CACHE"
"""Folder in which compiled code is kept between starts."""
MODEL_NOTICE = "MODEL_NOTICE"
"""A sentence shown under every answer, for example what the model cannot draw."""
VISIBILITY_TIMEOUT_SECONDS = "VISIBILITY_TIMEOUT_SECONDS"
"""Length of a lease before it is extended; the queue's own setting."""
MAX_RECEIVE_COUNT = "MAX_RECEIVE_COUNT"
"""Receives before the queue moves a message to the dead-letter queue; the queue's own setting."""
RECEIVE_WAIT_SECONDS = "RECEIVE_WAIT_SECONDS"
"""Length of a long poll of the queue."""
PICTURE_SCALE = "PICTURE_SCALE"
"""Whole number by which finished pictures are enlarged before they are uploaded."""
PICTURE_FORMAT = "PICTURE_FORMAT"
"""`png` keeps every pixel where the file fits; `webp` is a fifth of the bytes, with losses."""
PICTURE_FORMATS = ("png", "webp")
HEALTH_FILE = "HEALTH_FILE"
"""File that says that the worker is ready; none if not set."""
STOP_TIMEOUT_SECONDS = "STOP_TIMEOUT_SECONDS"
"""Time that running jobs have to finish after SIGTERM."""
DISCORD_CDN_HOSTS = "DISCORD_CDN_HOSTS"
"""Hosts, parted by commas, that source pictures come from, beside that of Discord's API."""
ECS_AGENT_URI = "ECS_AGENT_URI"
"""The ECS agent beside this container; set by ECS itself."""
OTEL_EXPORTER_OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""OpenTelemetry collector that traces go to, by OTLP over HTTP; none if not set."""

DEVICES = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
COMPILES = ("auto", "off", "regional", "full", "max")
NO_CHECKER, OWN_CHECKER = "none", "model"
BATCH = (1, 64)
STOP_TIMEOUT = (0, 7200)
DELIVERY_SECONDS = 5
"""The part of STOP_TIMEOUT_SECONDS that is reserved for uploading pictures."""
LEASE = (3, 43_200)
"""Seconds: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""
CDN_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""https://docs.discord.com/developers/reference#image-formatting"""
_HOST = re.compile(r"[a-z0-9.-]+(:\d+)?")


@dataclass(frozen=True)
class PipelineSettings(Settings):
    """The models, the device, and how it is used.

    `usual_width`, `usual_height` and `usual_steps` are those of most pictures: the first drawing
    has that size.
    """

    default: ModelSpec
    models: Mapping[str, ModelSpec]
    loras: Mapping[str, LoraSpec]
    embeddings: Mapping[str, EmbeddingSpec]
    safety_checker: str
    device: str
    precision: str
    torch_threads: int | None
    max_batch: int
    compile: str
    compile_cache: str | None
    usual_width: int | None
    usual_height: int | None
    usual_steps: int
    longest_batch_seconds: int
    """What a worker that is told to stop has for the batch that it draws."""

    @classmethod
    def read(cls, read: Reader) -> Self:
        models: Mapping[str, ModelSpec] = read.optional(MODELS, parse, {})
        return cls(
            default=ModelSpec(
                model=read.required(MODEL, checked_source, ""),
                revision=read.text(MODEL_REVISION),
                variant=read.text(MODEL_VARIANT),
                vae=read.optional(MODEL_VAE, checked_source, None),
                lora=read.optional(MODEL_LORA, checked_source, None),
                scheduler=read.text(SCHEDULER),
                guidance=read.optional(DEFAULT_GUIDANCE, _guidance, None),
                max_pixels=read.integer(MAX_PIXELS, 0, MAX_PIXELS_ALLOWED) or None,
            ),
            models=models,
            loras=read_loras(read, models),
            embeddings=read_embeddings(read, models),
            safety_checker=read.text(SAFETY_CHECKER) or NO_CHECKER,
            device=read.optional(DEVICE, _device, "auto"),
            precision=read.choice(PRECISION, "auto", PRECISIONS),
            torch_threads=read.integer(TORCH_THREADS, 0, (0, 1024)) or None,
            max_batch=read.integer(MAX_BATCH, 16, BATCH),
            compile=read.choice(COMPILE, "auto", COMPILES),
            compile_cache=read.text(COMPILE_CACHE),
            usual_width=read.integer(DEFAULT_WIDTH, 0, SIZE) or None,
            usual_height=read.integer(DEFAULT_HEIGHT, 0, SIZE) or None,
            usual_steps=read.integer(DEFAULT_STEPS, 25, STEPS),
            longest_batch_seconds=max(0, _stop_timeout(read) - DELIVERY_SECONDS),
        )


@dataclass(frozen=True)
class WorkerSettings(Settings):
    """The settings of the worker."""

    queue_url: str
    aws_region: str | None
    discord_api_url: str
    pipeline: PipelineSettings
    model_notice: str | None
    visibility_timeout_seconds: int
    max_receive_count: int
    receive_wait_seconds: int
    picture_scale: int
    picture_format: str
    health_file: str | None
    stop_timeout_seconds: int
    log: LogOptions
    jobs_table: str | None
    discord_cdn_hosts: frozenset[str]
    ecs_agent_uri: str | None
    metric_namespace: str | None
    otlp_endpoint: str | None
    tariff: Tariff

    @classmethod
    def read(cls, read: Reader) -> Self:
        return cls(
            queue_url=read.url(QUEUE_URL),
            aws_region=read.region(),
            discord_api_url=read.url(DISCORD_API_URL, DISCORD_API),
            pipeline=PipelineSettings.read(read),
            model_notice=read.text(MODEL_NOTICE),
            visibility_timeout_seconds=read.integer(VISIBILITY_TIMEOUT_SECONDS, 60, LEASE),
            max_receive_count=read.integer(MAX_RECEIVE_COUNT, 3, (1, 1000)),
            receive_wait_seconds=read.integer(RECEIVE_WAIT_SECONDS, 20, (0, 20)),
            picture_scale=read.integer(PICTURE_SCALE, 1, (1, 16)),
            picture_format=read.choice(PICTURE_FORMAT, "webp", PICTURE_FORMATS),
            health_file=read.text(HEALTH_FILE),
            stop_timeout_seconds=_stop_timeout(read),
            log=read.log_options(),
            jobs_table=read.text(JOBS_TABLE),
            discord_cdn_hosts=read.optional(DISCORD_CDN_HOSTS, _hosts, CDN_HOSTS),
            ecs_agent_uri=read.url(ECS_AGENT_URI, "") or None,
            metric_namespace=read.text(METRIC_NAMESPACE),
            otlp_endpoint=read.url(OTEL_EXPORTER_OTLP_ENDPOINT, "") or None,
            tariff=read_tariff(read),
        )


def _stop_timeout(read: Reader) -> int:
    return read.integer(STOP_TIMEOUT_SECONDS, 25, STOP_TIMEOUT)


def _device(text: str) -> str:
    if not DEVICES.fullmatch(text):
        raise ValueError("auto, cpu, mps, cuda or cuda:N is allowed")
    return text


def _guidance(text: str) -> float | None:
    return within(float(text), GUIDANCE)


def _hosts(text: str) -> frozenset[str]:
    hosts = frozenset(host.strip().lower() for host in text.split(","))
    if wrong := sorted(host for host in hosts if not _HOST.fullmatch(host)):
        raise ValueError(f"{wrong[0]!r} is no host; host or host:port is allowed")
    return hosts
