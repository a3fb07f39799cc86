"""Errors of the rig.

RigError
├── StackNotRunningError   a command needs a running stack
├── StartError             a part of the stack did not start
│   └── RestartNeededError   an option of a running stack can only be changed by a restart
├── DeadlineError          something did not happen in time
├── AnswerError            an interaction was answered by an error, or not in time
├── SnapshotError          a snapshot can't be saved or restored
└── ControlError           the stand-in or the fleet agent refused a call, or did not answer
"""

from __future__ import annotations


class RigError(Exception):
    """The text says what happened and what to do."""


class StackNotRunningError(RigError):
    """There is no running stack."""

    def __init__(self) -> None:
        super().__init__("No stack is running. Start one: make local-up")


class StartError(RigError):
    """A part of the stack did not start; the text ends with what it last logged."""


class RestartNeededError(StartError):
    """A running stack can't take an option."""

    def __init__(self, change: str) -> None:
        super().__init__(
            f"The running stack cannot change this in place: {change}. A restart forgets its jobs"
            " and messages. Stop it first: make local-down"
        )


class DeadlineError(RigError):
    """Something did not happen in time."""


class AnswerError(RigError):
    """The user would see an error, or nothing, instead of pictures."""


class SnapshotError(RigError):
    """A snapshot can't be saved, read or restored."""


class ControlError(RigError):
    """The stand-in or the fleet agent refused a call, or did not answer it."""
