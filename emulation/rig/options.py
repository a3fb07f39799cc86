"""Options of a stack: ports, fleet, model, variables of Terraform."""

import math
import platform
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ecs_fleet_emulator.launch import DELAYS
from toolchain.layout import LOCALEMU, LOCALSTACK

EMBEDDED_MODEL = "fixtures/model/tiny"
"""Relative to the checkout: the model that needs no download."""


class Emulator(StrEnum):
    """What is AWS where a stack runs as processes; both run the same plug-in."""

    LOCALSTACK = LOCALSTACK
    LOCALEMU = LOCALEMU


FEW_STEPS = "few-steps"
"""Name of the embedded model that is distilled to draw in few steps, and of its LoRA."""

STAND_IN, LIVE = "stand-in", "live"
"""What a stack has for Discord."""
WORKER = "worker"
"""Among the programs that are debugged; the others are functions."""

_EMBEDDED = "embedded"
_VARIABLES: dict[str, Callable[[Any], str]] = {
    "minimum_tasks": "MIN_TASKS={}".format,
    "maximum_tasks": "MAX_TASKS={}".format,
    "speed": "SPEED={:g}".format,
    "watch": lambda is_on: f"WATCH={1 if is_on else ''}",
    "debug": lambda names: f"DEBUG={','.join(names) or 'off'}",
    "enforces_iam": lambda is_on: f"IAM={'enforce' if is_on else 'off'}",
    "model": lambda model: f"MODEL={'' if model == _EMBEDDED else model}",
    "size": lambda size: f"SIZE={size or ''}",
    "discord": "DISCORD={}".format,
    "guild": lambda guild: f"DISCORD_GUILD={guild or ''}",
    "emulator": "EMULATOR={}".format,
}
"""How a person gives each option of a stack."""

_EMBEDDED_NOTICE = "Drawn by the embedded 64×64 model, which knows only shapes, colours and places."

_FASTEST_LOOP = 10.0
"""Largest divisor of the times of the scaling loop: functions are not sped up."""
_JOIN_SECONDS = 600
"""AWS's seconds in which an instance must join the cluster (infra/variables_safeguards.tf)."""
_EMBEDDED_STYLES: Mapping[str, Mapping[str, str | int]] = {
    "night": {"prompt": "{prompt} on a black background"},
    "paper": {"prompt": "{prompt} on a white background"},
    "draft": {"steps": 6},
}
"""Of words that the embedded model knows; a draft takes half of its steps."""
_LOAD_SECONDS = 8
"""From a worker's start to its first job, with the embedded model on a busy laptop."""


@dataclass(frozen=True)
class ModelOptions:
    """The model that the workers load, and the defaults of commands.

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
    styles: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict)
    """The root module's variable `styles`."""
    loras: tuple[str, ...] = ()
    """Names of LoRAs that are in folders below that of the model."""
    few_steps: int | None = None
    """Steps of a second model, `FEW_STEPS`: this one, and the LoRA of that name merged into it."""
    torch_threads: int | None = None
    """Threads of a worker on the CPU; None: as many as the machine has cores."""
    scaling: Mapping[str, float] = field(default_factory=dict)
    """Fields of the root module's variable `scaling` that depend on the speed of the model."""

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
            styles=_EMBEDDED_STYLES,
            loras=("parchment",),
            few_steps=4,
            # Its layers are so small that a second thread costs more than it saves: 0.61 s and
            # 0.72 s of processor time instead of 0.43 s for four pictures of twelve steps.
            torch_threads=1,
            scaling={"seconds_per_job": 0.5, "target_wait_seconds": 5},
        )

    def models(self) -> dict[str, dict[str, Any]]:
        """The field `models` of the root module's variable `worker`."""
        if self.few_steps is None:
            return {}
        lora = f"{self.model}/loras/{FEW_STEPS}"
        found = {"model": self.model, "lora": lora, "steps": self.few_steps, "guidance": 1}
        return {FEW_STEPS: found}

    def generation_defaults(self) -> dict[str, float]:
        """The variable `generation_defaults` of the root module."""
        names = ("steps", "guidance", "width", "height")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class FleetOptions:
    """The fleet of a stack.

    With `minimum_tasks` of 0 it sleeps while no job waits; with `maximum_tasks` of 0 it is paused.
    `speed` divides what instances and images take on AWS. Workers and functions are not sped up.
    """

    minimum_tasks: int = 1
    maximum_tasks: int = 4
    speed: float = 30.0

    def settings(self) -> dict[str, float]:
        """Settings of the fleet agent."""
        return {"speed": self.speed, "alarm_speed": min(self.speed, _FASTEST_LOOP)}

    def safeguards(self) -> dict[str, int]:
        """The time that AWS's instances have for joining the cluster, here."""
        return {"join_seconds": math.ceil(_JOIN_SECONDS / self.speed)}

    def boot_phases(self) -> dict[str, int]:
        """The seconds that each phase of an instance's start takes here, for wait estimates."""
        instance = DELAYS["reservation"] + DELAYS["launch"] + DELAYS["register"]
        return {
            "boot_instance_seconds": math.ceil(instance / self.speed),
            "boot_pull_seconds": math.ceil(DELAYS["pull"] / self.speed),
            "boot_load_seconds": _LOAD_SECONDS,
        }


@dataclass(frozen=True)
class StackOptions:
    """How to start a stack. A port that is taken is replaced by a free one; 0 means any."""

    aws_port: int = 4566
    discord_port: int = 8700
    fleet: FleetOptions = FleetOptions()
    watch: bool = False
    debug: tuple[str, ...] = ()
    """The programs that a debugger attaches to (`host/debugging.py`)."""
    enforces_iam: bool = False
    """Whether the emulator denies what the deployment's roles do not allow."""
    emulator: str = LOCALSTACK
    """What is AWS: a value of `Emulator`."""
    discord: str = STAND_IN
    """Whom the stack serves: the stand-in, or `live`, a server of the real Discord."""
    guild: str | None = None
    """Id of that server; None for the only one that the bot is in."""
    bot_token: str | None = field(default=None, repr=False)
    """Of a live stack. It is no part of `as_json`: nothing writes it to a file."""
    fresh: bool = False
    """Whether the module is applied even where a snapshot of it could be restored."""
    region: str = "us-east-1"
    environment: str = "local"
    visibility_timeout_seconds: int = 30
    answer_seconds: float = 3.0
    """How long the stand-in waits for the first response to an interaction, as Discord does."""
    model: ModelOptions | None = None
    """The embedded model where none is named."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the root module, laid over what the rig sets: objects field by field."""

    def as_json(self) -> dict[str, Any]:
        """The options without the ports, which may be replaced by free ones."""
        return {
            **asdict(self.fleet),
            "watch": self.watch,
            "debug": list(self.debug),
            "enforces_iam": self.enforces_iam,
            "model": self.model.model if self.model else _EMBEDDED,
            "size": self.model.width if self.model else None,
            "discord": self.discord,
            "guild": self.guild,
            "emulator": self.emulator,
        }

    def keeping(self, known: Mapping[str, Any], given: Collection[str]) -> "StackOptions":
        """The options with those of a running stack, as `as_json` wrote them, but for the given."""
        wanted = self.as_json()
        kept = {
            name: wanted[name] if name in given else known.get(name, wanted[name])
            for name in wanted
        }
        own_model = "model" in given or "size" in given or kept["model"] == _EMBEDDED
        return replace(
            self,
            fleet=FleetOptions(*(kept[field.name] for field in fields(FleetOptions))),
            watch=kept["watch"],
            debug=tuple(kept["debug"]),
            enforces_iam=kept["enforces_iam"],
            discord=kept["discord"],
            guild=kept["guild"],
            emulator=kept["emulator"],
            model=self.model
            if own_model
            else ModelOptions(kept["model"], width=kept["size"], height=kept["size"]),
        )


def differences(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, str]:
    """Each option that differs, by its name, with the change as a person gives it: `MIN_TASKS=0`.

    Args:
        known: what `StackOptions.as_json` gave for the stack that runs.
        wanted: the same for the stack that is asked for.
    """
    return {
        name: _VARIABLES[name](value) for name, value in wanted.items() if known.get(name) != value
    }


def lambda_architecture() -> str:
    """This machine's architecture as Lambda names it: the package holds its wheels."""
    return {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
