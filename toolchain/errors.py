"""What can go wrong while setting up, each with the command that mends it."""


class SetupError(Exception):
    """A step could not be done; the message says what is missing and how to get it."""


class CommandFailedError(SetupError):
    """A program that a step ran ended with an error."""

    def __init__(self, command: list[str], returncode: int, output: str) -> None:
        tail = "\n".join(output.strip().splitlines()[-15:])
        super().__init__(f"`{' '.join(command)}` ended with {returncode}:\n{tail}")
