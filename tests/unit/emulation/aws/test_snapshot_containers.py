"""A snapshot has the state that this plug-in's own services keep.

The modules are read and not imported: LocalStack is in the emulator's environment only.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from toolchain.layout import Layout

PACKAGE = Layout.of_this_checkout().emulator / "src" / "ecs_fleet_emulator"


def assigned(module: Path) -> Iterator[tuple[str, ast.expr]]:
    """The names of a module, with their values as written."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            yield node.target.id, node.value
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def test_every_container_that_a_service_fills_is_saved() -> None:
    filled = {
        f"{PACKAGE.name}.services.{module.stem}:{name}"
        for module in (PACKAGE / "services").glob("*.py")
        for name, value in assigned(module)
        if ast.unparse(value) in ("{}", "[]", "set()")
    }
    assert filled
    saved = dict(assigned(PACKAGE / "snapshots" / "containers.py"))["_OWN"]
    assert set(ast.literal_eval(saved)) == filled
