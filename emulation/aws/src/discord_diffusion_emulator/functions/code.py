"""A function's code on the disk."""

import hashlib
import os
from pathlib import Path

_IGNORED_FOLDERS = frozenset({"__pycache__", ".git", ".mypy_cache", ".ruff_cache"})


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
