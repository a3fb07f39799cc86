"""What the rig refuses or fails to do.

RigError
├── StackNotRunningError   a command needs a running stack
├── StartError             a part of the stack did not come up
└── AnswerError            an interaction was answered by an error, or not in time
"""


class RigError(Exception):
    """The text says what happened and what to do."""


class StackNotRunningError(RigError):
    """There is no running stack to talk to."""

    def __init__(self) -> None:
        super().__init__("No stack is running. Start one: make local-up")


class StartError(RigError):
    """A part of the stack did not start; the text ends with what it last logged."""


class AnswerError(RigError):
    """The user would see an error, or nothing, instead of pictures."""
