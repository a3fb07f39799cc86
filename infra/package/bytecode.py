"""Compiles the package's modules: Lambda's code folder can't be written, so that every new
execution environment would compile them all again (docs/decisions/0101).
"""

import os
import subprocess
from pathlib import Path

from infra.package.wheels import PackageError

UNPACKED_AT = "/var/task"
"""Where Lambda unpacks a function: what tracebacks name.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""
_VERSION = "import sys; print(*sys.version_info[:2], sep='.')"


def compile_modules(folder: Path, interpreter: Path, python_version: str) -> None:
    """Write byte code beside all modules of `folder`.

    It is taken as it is, whatever the time of its source, and ignored by an interpreter of another
    version. One interpreter makes the same bytes of the same sources.

    Args:
        folder: the unpacked package.
        interpreter: a CPython of `python_version`.
        python_version: of the Lambda runtime, for example `3.13`.

    Raises:
        PackageError: the interpreter is of another version, or does not run.
    """
    found = _run(interpreter, "-c", _VERSION).strip()
    if found != python_version:
        raise PackageError(
            f"{interpreter} is Python {found} and can't compile for {python_version}: "
            f"give --interpreter one of {python_version}, or none"
        )
    options = ("-q", "--invalidation-mode", "unchecked-hash")
    _run(interpreter, "-m", "compileall", *options, "-s", folder, "-p", UNPACKED_AT, folder)


def _run(interpreter: Path, *words: str | Path) -> str:
    # The order of a set's constants depends on the hash of texts.
    environment = {"PATH": os.defpath, "PYTHONHASHSEED": "0"}
    try:
        ended = subprocess.run(  # noqa: S603 - an interpreter, with words of our own
            [interpreter, *words], env=environment, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise PackageError(f"{interpreter} does not run: {error}") from error
    if ended.returncode != 0:
        raise PackageError(f"{interpreter} can't compile the package:\n{ended.stderr}")
    return ended.stdout
