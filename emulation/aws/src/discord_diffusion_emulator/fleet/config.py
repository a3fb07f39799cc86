"""How a person who starts the emulator configures the fleets: its environment, read once."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from discord_diffusion_emulator.simulation.settings import Settings

# The command that a task runs, as a JSON array; empty: the container's own entryPoint and command.
TASK_COMMAND = "EMULATOR_TASK_COMMAND"
# Programs that the container's own command may name, as a JSON object: {"python": "/path"}.
TASK_PROGRAMS = "EMULATOR_TASK_PROGRAMS"
# The folder that a task runs in.
TASK_FOLDER = "EMULATOR_TASK_FOLDER"
# Variables that win over the task definition's, as a JSON object; {task} is the task's own name.
TASK_ENVIRONMENT = "EMULATOR_TASK_ENVIRONMENT"
# A folder for what tasks print, one file each; without it only CloudWatch Logs has it.
TASK_LOGS = "EMULATOR_TASK_LOGS"
# The name of a stack whose tasks run as containers of Docker's; without it they are processes.
TASK_STACK = "EMULATOR_TASK_STACK"
# Ids or numbers of the GPUs that containers may get, as a JSON array.
TASK_GPUS = "EMULATOR_TASK_GPUS"
# Settings of the fleets (settings.py), as a JSON object.
FLEET = "EMULATOR_FLEET"


@dataclass(frozen=True)
class Config:
    """What tasks run, where, and how the emulated AWS behaves at first."""

    command: tuple[str, ...] = ()
    programs: dict[str, str] = field(default_factory=dict)
    folder: Path = Path()
    environment: dict[str, str] = field(default_factory=dict)
    logs: Path | None = None
    stack: str = ""
    gpus: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)

    @classmethod
    def from_environ(cls) -> "Config":
        """What the emulator's environment says."""
        logs = os.environ.get(TASK_LOGS)
        return cls(
            command=tuple(json.loads(os.environ.get(TASK_COMMAND) or "[]")),
            programs=json.loads(os.environ.get(TASK_PROGRAMS) or "{}"),
            folder=Path(os.environ.get(TASK_FOLDER) or os.environ["HOME"]),
            environment=json.loads(os.environ.get(TASK_ENVIRONMENT) or "{}"),
            logs=Path(logs) if logs else None,
            stack=os.environ.get(TASK_STACK, ""),
            gpus=tuple(json.loads(os.environ.get(TASK_GPUS) or "[]")),
            settings=Settings().changed(json.loads(os.environ.get(FLEET) or "{}")),
        )
