"""Docker's command line client: run its commands, find containers by label."""

import shlex
import subprocess
from collections.abc import Mapping

from toolchain.errors import DockerError

_SECONDS = 60.0
_LAST_LINES = 30


def run(*words: str, env: Mapping[str, str] | None = None, timeout: float | None = _SECONDS) -> str:
    """Run a command of Docker's client and return its standard output.

    Raises:
        DockerError: it failed, or there is no client; the text ends with what it printed last.
    """
    try:
        ended = subprocess.run(
            ["docker", *words],
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise DockerError("There is no `docker` program on the PATH. See: make doctor") from error
    except subprocess.TimeoutExpired as error:
        raise DockerError(f"docker {words[0]} did not end within {timeout:.0f} s") from error
    if ended.returncode != 0:
        printed = (ended.stdout + ended.stderr).splitlines()[-_LAST_LINES:]
        raise DockerError(f"docker {shlex.join(words)} failed:\n" + "\n".join(printed))
    return ended.stdout


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
