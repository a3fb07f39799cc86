"""Run a program and keep what it printed."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .errors import CommandFailedError
from .layout import Layout


def run(
    command: list[str | Path], *, env: Mapping[str, str] | None = None, timeout: float = 1800
) -> str:
    """Run `command` and return its standard output.

    Raises:
        CommandFailedError: it ended with another status than 0, or could not be started in time.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailedError(words, -1, f"no end after {timeout:.0f} s") from error
    except OSError as error:
        raise CommandFailedError(words, -1, str(error)) from error
    if done.returncode != 0:
        raise CommandFailedError(words, done.returncode, done.stdout + done.stderr)
    return done.stdout


def clean_environment() -> dict[str, str]:
    """This process's environment without what would leak one Python environment into another."""
    unwanted = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__"}
    env = {name: value for name, value in os.environ.items() if name not in unwanted}
    # Inside the project's folder, like everything else, unless the person keeps one elsewhere.
    env.setdefault("UV_CACHE_DIR", str(Layout.of_this_checkout().cache / "uv"))
    return env
