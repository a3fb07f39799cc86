"""Find a CPython of a given version: the emulator needs 3.13, whatever runs the project itself."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .commands import clean_environment, run
from .errors import CommandFailedError, SetupError

EMULATOR_VERSION = "3.13"
"""LocalStack 4.14.0 uses syntax of 3.12; AWS's runtime `python3.13` is the one the Lambdas name."""


def answers(python: Path, version: str) -> bool:
    """Whether `python` runs and is of `version`: pyenv's shims exist and answer nothing."""
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return run([python, "-I", "-c", probe], timeout=20).strip() == version
    except CommandFailedError:
        return False


def candidates(version: str) -> Iterator[Path]:
    """Places where a CPython of `version` may be, the one asked for by name first."""
    if chosen := os.environ.get("PYTHON_EMULATOR"):
        yield Path(chosen)
    name = f"python{version}"
    if on_path := shutil.which(name):
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/{name}"), reverse=True)


def find(version: str = EMULATOR_VERSION) -> Path | None:
    """The first interpreter of `version` that answers, or None."""
    for candidate in candidates(version):
        if candidate.exists() and answers(candidate, version):
            return candidate
    return None


def find_or_fetch(uv: Path, folder: Path, version: str = EMULATOR_VERSION) -> Path:
    """An interpreter of `version`: this machine's, else one that uv fetches into `folder`.

    uv verifies the checksum of what it fetches.

    Raises:
        SetupError: there is none and none can be fetched.
    """
    if found := find(version):
        return found
    env = clean_environment() | {"UV_PYTHON_INSTALL_DIR": str(folder)}
    try:
        run([uv, "python", "install", "--no-bin", version], env=env)
    except CommandFailedError as error:
        raise SetupError(
            f"Python {version} is needed for the emulator and was neither found nor fetched.\n"
            f"Install it (`apt-get install python{version}-venv`, `brew install python@{version}`"
            f" or `pyenv install {version}`) or name it: PYTHON_EMULATOR=/path/to/python{version}."
        ) from error
    fetched = sorted(folder.glob(f"cpython-{version}*/bin/python{version}"), reverse=True)
    if not fetched:
        raise SetupError(f"uv fetched Python {version}, but it is not in {folder}: remove it.")
    return fetched[0]
