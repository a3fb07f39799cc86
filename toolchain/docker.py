"""Docker's command line client: run its commands, find containers by label."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from toolchain import commands
from toolchain.errors import CommandFailedError, DockerError


def run(*words: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> str:
    """Run a command of Docker's client and return its standard output.

    Raises:
        DockerError: it failed, or there is no client; the text ends with its last lines of output.
    """
    if shutil.which("docker") is None:
        raise DockerError("There is no `docker` program on the PATH. See: make doctor")
    try:
        return commands.run(["docker", *words], env=env, timeout=timeout)
    except CommandFailedError as error:
        raise DockerError(str(error)) from error


def answers(*words: str) -> bool:
    """Whether a command of Docker's client succeeds."""
    try:
        run(*words)
    except DockerError:
        return False
    return True


def containers_with(*labels: str, running: bool = False) -> list[str]:
    """Ids of the containers that have all `labels`, each `name` or `name=value`."""
    shown = [] if running else ["--all"]
    filters = [word for label in labels for word in ("--filter", f"label={label}")]
    return run("ps", *shown, "--quiet", "--no-trunc", *filters).split()
