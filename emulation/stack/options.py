"""What a person can choose about a stack of target `host`."""

import platform
from dataclasses import dataclass, field

EMBEDDED_MODEL = "fixtures/model/tiny"
"""Relative to the checkout: the model that needs no download."""


@dataclass(frozen=True)
class ModelOptions:
    """The model the workers load, and what a command that names nothing else gets."""

    model: str = EMBEDDED_MODEL
    steps: int = 12
    guidance: float = 3.0
    width: int = 64
    height: int = 64
    picture_scale: int = 4


@dataclass(frozen=True)
class StackOptions:
    """How to start a stack. A port that is taken is replaced by a free one; 0 means any."""

    aws_port: int = 4566
    discord_port: int = 8700
    workers: int = 1
    watch: bool = False
    region: str = "us-east-1"
    environment: str = "local"
    visibility_timeout_seconds: int = 30
    model: ModelOptions = field(default_factory=ModelOptions)


def lambda_architecture() -> str:
    """This machine's architecture as Lambda names it: the package holds its wheels."""
    return {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
