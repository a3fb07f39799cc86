"""Errors of the set-up and of the programs that it runs.

ToolchainError
├── SetupError           a step of the set-up cannot be done
├── CommandFailedError   a program ended with an error
└── DockerError          Docker's client failed, or there is none
"""

from __future__ import annotations


class ToolchainError(Exception):
    """The text says what happened and, where something is missing, how to get it."""


class SetupError(ToolchainError):
    """A step of the set-up cannot be done; the text says what is missing and how to get it."""


class CommandFailedError(ToolchainError):
    """A program ended with an error; the text ends with the last lines it printed."""

    def __init__(self, command: list[str], returncode: int, output: str) -> None:
        tail = "\n".join(output.strip().splitlines()[-30:])
        super().__init__(f"`{' '.join(command)}` ended with {returncode}:\n{tail}")


class DockerError(ToolchainError):
    """A command of Docker's client failed, or there is no client."""
