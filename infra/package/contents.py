"""Which of our files a handler needs: the modules it imports, those that they import, and the data
that lies beside them.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "discord_diffusion"
HANDLERS = f"{PACKAGE}.handlers"
DATA = {
    "catalogue.py": "locales/*.json",
    "command_texts.py": "locales/commands/*.json",
    "safety/blocklist.py": "safety/*.txt",
    "safety/normalise.py": "safety/*.json",
}
"""What a module reads when it is used."""


def module_files(source: Path) -> list[Path]:
    """The files of every handler's modules and what they read, relative to `source`, in order.

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
        code = (source / path).read_text()
        waiting += _imports(code)
        found |= {one.relative_to(source) for one in _data(code, source / path)}
    data = (files for module, files in DATA.items() if Path(PACKAGE, module) in found)
    read = (path for files in data for path in (source / PACKAGE).glob(files))
    return sorted([*found, *(path.relative_to(source) for path in read)])


def _data(code: str, module: Path) -> Iterator[Path]:
    """Files of the folders that a module names as lying beside it: `...with_name("folder")`."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="with_name"), args=[ast.Constant(value=str(name))]
            ):
                yield from (one for one in module.with_name(name).glob("*") if one.is_file())
            case _:
                continue


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
