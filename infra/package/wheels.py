"""Installs the third-party code of the Lambda package from its lock, for the Lambda runtime."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

ARCHITECTURES = ("x86_64", "arm64", "host")
_PLATFORMS = {
    "x86_64": "x86_64-manylinux_2_28",
    "arm64": "aarch64-manylinux_2_28",
    "aarch64": "aarch64-manylinux_2_28",
}
"""uv's platform, by Lambda's or this machine's name of an architecture. Lambda's Python 3.13 runs
on Amazon Linux 2023, which has glibc 2.34:
https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html"""
_NOT_NEEDED = ("*.dist-info", "__pycache__", "bin", "*.pyi", "py.typed", ".lock")
"""Patterns of files that a running function does not need."""
_BUILD_ONLY = ("cffi", "pycparser")
"""PyNaCl, once compiled, needs of cffi only the module `_cffi_backend`, which is not removed."""


class PackageError(Exception):
    """The package could not be built; the text says why."""


def install(lock: Path, target: Path, python_version: str, architecture: str) -> None:
    """Unpack the locked wheels into `target`, hashes verified, nothing compiled.

    Args:
        lock: requirements with hashes.
        target: an empty folder.
        python_version: of the Lambda runtime, for example `3.13`.
        architecture: as Lambda names it, or `host` for this machine's own system.

    Raises:
        PackageError: a wheel is missing, or does not have the hash in the lock.
    """
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "install", "--quiet", "--target", str(target), "--no-deps"]
    command += ["--require-hashes", "--only-binary", ":all:", "--python-version", python_version]
    # Without a platform, uv might choose wheels for musl or for an older glibc on this machine.
    if architecture != "host" or platform.system() == "Linux":
        machine = platform.machine() if architecture == "host" else architecture
        command += ["--python-platform", _PLATFORMS[machine]]
    command += ["--requirement", str(lock)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode != 0:
        raise PackageError(f"the wheels of {lock.name} can't be had:\n{ended.stderr}")
    for name in _BUILD_ONLY:
        shutil.rmtree(target / name, ignore_errors=True)
    for pattern in _NOT_NEEDED:
        for path in sorted(target.rglob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
