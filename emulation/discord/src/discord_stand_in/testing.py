"""A stand-in for tests: `with running() as discord:` starts one and stops it.

It is a process of its own, so a bot in the test's process may block its event loop.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from discord_stand_in.client import Interaction, Message, StandIn
from discord_stand_in.config import APPLICATION, READY, Application
from discord_stand_in.errors import (
    StandInError,
    StandInRefusedError,
    StandInStartError,
    StandInTimeoutError,
)

__all__ = [
    "Interaction",
    "Message",
    "StandIn",
    "StandInError",
    "StandInRefusedError",
    "StandInStartError",
    "StandInTimeoutError",
    "running",
]

_STOP_SECONDS = 10.0


@contextmanager
def running(
    *words: str, application: Path = APPLICATION, log: Path | None = None
) -> Iterator[StandIn]:
    """A stand-in on a free port of 127.0.0.1; `words` are more of `discord-stand-in`'s options.

    `application` is the JSON file of the bot that it knows, `log` gets what it logs.

    Raises:
        StandInStartError: it could not start.
        OSError, ValueError, KeyError: `application` cannot be read.
    """
    known = Application.load(application)
    # No probes with wrong signatures at times that a test does not choose.
    options = ["--port", "0", "--probe-interval", "0", "--application", str(application), *words]
    with _output(log) as output, _process(options, output) as process:
        stand_in = StandIn(_address(process, output), known)
        try:
            yield stand_in
        finally:
            stand_in.close()


@contextmanager
def _output(log: Path | None) -> Iterator[IO[bytes]]:
    """A file for what the process logs."""
    with tempfile.TemporaryFile() if log is None else log.open("w+b") as output:
        yield output


@contextmanager
def _process(options: Sequence[str], output: IO[bytes]) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "discord_stand_in", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: "subprocess.Popen[str]", output: IO[bytes]) -> str:
    """Where the process serves, which it says once it listens."""
    assert process.stdout is not None  # noqa: S101 - a pipe
    line = process.stdout.readline()
    if not line.startswith(READY):
        process.wait()
        output.seek(0)
        raise StandInStartError(f"Discord's stand-in did not start:\n{output.read().decode()}")
    return line.removeprefix(READY).strip()
