"""The log files of a stack, by the names that people use for them."""

from pathlib import Path

from emulation.rig.errors import RigError


def chosen(folder: Path, name: str | None) -> list[Path]:
    """The logs of a name, or of all whose name begins with it and a hyphen; all without a name.

    Raises:
        RigError: there is none; the text says which there are.
    """
    files = sorted(folder.glob("*.log"))
    found = [
        path
        for path in files
        if name is None or path.stem == name or path.stem.startswith(f"{name}-")
    ]
    if not found:
        there = ", ".join(path.stem for path in files) or "none"
        raise RigError(f"There is no log {name or ''} in {folder}; there are: {there}")
    return found
