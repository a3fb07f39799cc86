"""The project's files in the Lambda package: the handlers' imports and the modules' data files."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "discord_diffusion"
FUNCTIONS = f"{PACKAGE}.functions"


def module_files(source: Path) -> list[Path]:
    """The modules of every handler and their data files, relative to `source`, sorted.

    Args:
        source: the folder that holds the package.
    """
    found: set[Path] = set()
    handlers = (source / PACKAGE / "functions").glob("*/handler.py")
    pending = [f"{FUNCTIONS}.{path.parent.name}.handler" for path in handlers]
    while pending:
        path = _file(source, pending.pop())
        if path is None or path in found:
            continue
        found.add(path)
        code = (source / path).read_text()
        pending += _imports(code)
        found |= {data.relative_to(source) for data in _data_files(code, source / path)}
    return sorted(found)


def _data_files(code: str, module: Path) -> Iterator[Path]:
    """The data files of a module: it refers to them, or their folder, by `with_name("name")`."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="with_name"), args=[ast.Constant(value=str(name))]
            ):
                beside = module.with_name(name)
                yield from [beside] if beside.is_file() else filter(Path.is_file, beside.rglob("*"))


def _file(source: Path, module: str) -> Path | None:
    path = Path(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if (source / candidate).is_file():
            return candidate
    return None


def _imports(code: str) -> Iterator[str]:
    """The project's modules that some code may import, and the packages that contain them."""
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
