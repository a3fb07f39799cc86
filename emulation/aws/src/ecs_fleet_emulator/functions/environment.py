"""The code and the environment variables of a function's process.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from .runtimes import Runtime

# LocalStack sets these for its own container image.
_LOCALSTACKS_OWN = frozenset({"EDGE_PORT", "AWS_LAMBDA_FUNCTION_TIMEOUT"})
_LOCALSTACKS_PREFIXES = ("LOCALSTACK_", "LOCALEMU_")

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_IGNORED_FOLDERS = frozenset({"__pycache__", ".git", ".mypy_cache", ".ruff_cache"})


def variables(
    from_localstack: Mapping[str, object],
    own: Mapping[str, str],
    *,
    runtime: Runtime,
    task_root: Path,
    layers: list[Path],
    scratch: Path,
    writes_bytecode: bool,
) -> dict[str, str]:
    """The whole environment of a function's process.

    `from_localstack` holds the reserved variables, the credentials and the emulator's address;
    `own` are the function's variables; `layers` are the folders of its layers; `scratch` is the
    execution environment's private folder, which stands in for /tmp.
    """
    environment = {
        name: str(value)
        for name, value in from_localstack.items()
        if name not in _LOCALSTACKS_OWN and not name.startswith(_LOCALSTACKS_PREFIXES)
    }
    environment |= {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime.name}",
        "LAMBDA_TASK_ROOT": str(task_root),
        "LAMBDA_RUNTIME_DIR": str(Path(__file__).parent),
        "LANG": "C.UTF-8",
        "PATH": f"{runtime.interpreter.parent}:{_SYSTEM_PATH}",
        # Not the real home, so that the AWS profile of the emulator's user is not read.
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
    }
    environment |= runtime.variables(layers, writes_bytecode=writes_bytecode)
    return environment | dict(own)


def fingerprint(folder: Path) -> str:
    """A value that changes when a file under `folder` is added, removed or written."""
    digest = hashlib.blake2b(digest_size=16)
    for path, entry in sorted(_files(str(folder))):
        digest.update(f"{path}\0{entry.st_mtime_ns}\0{entry.st_size}\0".encode())
    return digest.hexdigest()


def _files(folder: str) -> list[tuple[str, os.stat_result]]:
    found: list[tuple[str, os.stat_result]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if entry.is_dir():
                    if entry.name not in _IGNORED_FOLDERS:
                        found += _files(entry.path)
                elif not entry.name.endswith(".pyc"):
                    found.append((entry.path, entry.stat()))
            except FileNotFoundError:
                continue  # removed since the folder was read
    return found
