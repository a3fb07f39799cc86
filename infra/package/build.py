"""Builds the Lambda package: a zip whose bytes depend on nothing but its sources and its lock.

It holds byte code too: Lambda's code folder is read-only, so that every new execution environment
would compile all modules again (decision 0101).
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from infra.package.contents import module_files
from infra.package.wheels import PackageError, install

_ROOT = Path(__file__).resolve().parents[2]
_LOCK = Path(__file__).with_name("requirements.lock")
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold."""
_READABLE_BY_ALL = 0o644 << 16
_UNIX = 3
UNPACKED_AT = "/var/task"
"""Where Lambda unpacks a function: the folder that tracebacks name.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""
_VERSION = "import sys; print(*sys.version_info[:2], sep='.')"


def build(
    out: Path, python_version: str, architecture: str, interpreter: Path | None = None
) -> str:
    """Write the package to `out` and return its SHA-256.

    Args:
        out: the zip.
        python_version: of the Lambda runtime, for example `3.13`.
        architecture: as Lambda names it, or `host` for this machine's own system.
        interpreter: a CPython of that version; without one the package holds no byte code.

    Raises:
        PackageError: a wheel is missing, or the interpreter is of another version.
    """
    source = _ROOT / "src"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install(_LOCK, folder, python_version, architecture)
        for path in module_files(source):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, folder / path)
        if interpreter:
            compile_modules(folder, interpreter, python_version)
        return write_zip(out, folder)


def compile_modules(folder: Path, interpreter: Path, python_version: str) -> None:
    """Write byte code beside all modules of `folder`.

    The runtime uses it whatever the time of its source, and another version of Python ignores it.
    One interpreter makes the same bytes of the same sources.

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
    # The order of a set's constants depends on the hash of strings.
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


def write_zip(archive: Path, folder: Path) -> str:
    """Zip all files of `folder` in the order of their names and return the zip's SHA-256."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    draft = archive.with_suffix(".new")
    with zipfile.ZipFile(draft, "w") as target:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.external_attr = _READABLE_BY_ALL
            entry.create_system = _UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, path.read_bytes())
    draft.replace(archive)
    return hashlib.sha256(archive.read_bytes()).hexdigest()
