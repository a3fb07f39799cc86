"""The `docker` program, called with words and answering text."""

import shlex
import subprocess
from collections.abc import Mapping

from emulation.rig.errors import StartError

_SECONDS = 60.0
_LAST_LINES = 30


def docker(
    *words: str, env: Mapping[str, str] | None = None, timeout: float | None = _SECONDS
) -> str:
    """Run a command of Docker's client and return its standard output.

    Raises:
        StartError: it failed, or there is no client; the text ends with what it printed last.
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
        raise StartError("There is no `docker` program on the PATH. See: make doctor") from error
    except subprocess.TimeoutExpired as error:
        raise StartError(f"docker {words[0]} did not end within {timeout:.0f} s") from error
    if ended.returncode != 0:
        printed = (ended.stdout + ended.stderr).splitlines()[-_LAST_LINES:]
        raise StartError(f"docker {shlex.join(words)} failed:\n" + "\n".join(printed))
    return ended.stdout


def answers(*words: str) -> bool:
    """Whether a command of the client succeeds."""
    try:
        docker(*words)
    except StartError:
        return False
    return True


def labelled(*labels: str, running: bool = False) -> list[str]:
    """Ids of the containers that carry all labels, each `name` or `name=value`."""
    shown = [] if running else ["--all"]
    filters = [word for label in labels for word in ("--filter", f"label={label}")]
    return docker("ps", *shown, "--quiet", "--no-trunc", *filters).split()
