"""Run a program to its end and return what it printed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from toolchain.errors import CommandFailedError
from toolchain.layout import Layout


def run(
    command: list[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: str = "",
    timeout: float = 1800,
) -> str:
    """Run `command` and return its standard output.

    Args:
        command: the program and its arguments.
        env: its environment; `clean_environment()` if none is given.
        folder: its working directory.
        stdin: what it reads from its standard input.
        timeout: in seconds.

    Raises:
        CommandFailedError: its exit status was not 0, it does not exist, or it took too long.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=dict(env) if env is not None else clean_environment(),
            cwd=folder,
            input=stdin,
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
    unwanted = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__", "UV_PYTHON"}
    env = {name: value for name, value in os.environ.items() if name not in unwanted}
    # Inside the project's folder, like everything else, unless the person keeps one elsewhere.
    env.setdefault("UV_CACHE_DIR", str(Layout.of_this_checkout().cache / "uv"))
    return env
