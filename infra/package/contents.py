"""Which of our modules a handler needs: those that it imports, and those that they import."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "discord_diffusion"
HANDLERS = f"{PACKAGE}.handlers"


def module_files(source: Path) -> list[Path]:
    """The files of every handler's modules, relative to `source`, in order.

    Args:
        source: the folder that holds the package.
    """
    found: set[Path] = set()
    waiting = [f"{HANDLERS}.{path.stem}" for path in (source / PACKAGE / "handlers").glob("*.py")]
    while waiting:
        path = _file(source, waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        waiting += _imports((source / path).read_text())
    return sorted(found)


def _file(source: Path, module: str) -> Path | None:
    path = Path(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if (source / candidate).is_file():
            return candidate
    return None


def _imports(code: str) -> Iterator[str]:
    """Modules of ours that a module's code may import, and the packages above them."""
    for node in ast.walk(ast.parse(code)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == PACKAGE:
                yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))
