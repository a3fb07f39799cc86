"""What a person can choose about a stack of target `host`."""

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EMBEDDED_MODEL = "fixtures/model/tiny"
"""Relative to the checkout: the model that needs no download."""

_EMBEDDED_NOTICE = "Drawn by the embedded 64×64 model, which knows only shapes, colours and places."


@dataclass(frozen=True)
class ModelOptions:
    """The model the workers load, and what a command that names nothing else gets.

    `model` is a folder or a hub id. Width and height are in pixels; `picture_scale` enlarges the
    finished pictures for showing.
    """

    model: str
    steps: int = 25
    guidance: float = 7.5
    width: int = 512
    height: int = 512
    picture_scale: int = 1
    notice: str | None = None

    @classmethod
    def embedded(cls, root: Path) -> "ModelOptions":
        """The model that comes with the checkout at `root`."""
        return cls(
            model=str(root / EMBEDDED_MODEL),
            steps=12,
            guidance=3.0,
            width=64,
            height=64,
            picture_scale=4,
            notice=_EMBEDDED_NOTICE,
        )


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
    model: ModelOptions | None = None
    """The embedded model where none is named."""

    def as_json(self) -> dict[str, Any]:
        """What a person chose, ports apart: those may be replaced."""
        return {
            "workers": self.workers,
            "watch": self.watch,
            "model": self.model.model if self.model else "embedded",
        }


def lambda_architecture() -> str:
    """This machine's architecture as Lambda names it: the package holds its wheels."""
    return {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
