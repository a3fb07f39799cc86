"""A zip whose bytes depend on nothing but the names and contents of its files."""

import hashlib
import zipfile
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold."""
_READABLE_BY_ALL = 0o644 << 16


def write(archive: Path, folder: Path) -> str:
    """Zip all files of `folder` in the order of their names and return the SHA-256 of the zip."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    draft = archive.with_suffix(".new")
    with zipfile.ZipFile(draft, "w") as target:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.external_attr = _READABLE_BY_ALL
            entry.create_system = 3  # Unix, whatever system builds it
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, path.read_bytes(), compresslevel=9)
    draft.replace(archive)
    return hashlib.sha256(archive.read_bytes()).hexdigest()
