"""The AWS actions that a program may call, determined from its source.

A program is an entry module with all modules that it imports. It may call an operation if it
imports the class of an adapter (`discord_diffusion.aws`), a method of that class calls the
operation, and a module outside the adapters names the method.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

PACKAGE = "discord_diffusion"
ADAPTERS = f"{PACKAGE}.aws"
# IAM's prefix of a service's actions, by the service as the SDK names it.
SERVICES = {
    "autoscaling": "autoscaling",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "ecs": "ecs",
    "sqs": "sqs",
    "stepfunctions": "states",
}
# A transaction needs the rights of the writes in it.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
TRANSACTION = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
# Methods of an adapter that Python calls.
SPECIAL = {"__init__", "__enter__", "__exit__"}


@dataclass(frozen=True)
class Source:
    """The source tree of the package."""

    root: Path

    @cache  # noqa: B019 - one tree for the whole run
    def _tree(self, module: str) -> ast.Module:
        return ast.parse(self._path(module).read_text())

    def _path(self, module: str) -> Path:
        path = self.root / module.replace(".", "/")
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def program(self, entry: str) -> set[str]:
        """Every module of the package that `entry` imports, at whatever depth."""
        found: set[str] = set()
        new = {entry}
        while new:
            found |= new
            new = {name for module in new for name in self._imports(module)} - found
        return found

    def _imports(self, module: str) -> Iterator[str]:
        for node in ast.walk(self._tree(module)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
                for name in (node.module, *(f"{node.module}.{one.name}" for one in node.names)):
                    if name and self._path(name).is_file():
                        yield name

    def actions(self, entry: str) -> set[str]:
        """The IAM actions that a program may call."""
        kinds, named = self._adapters(entry)
        return {action for kind in kinds for action in _of_class(kind, named | SPECIAL)}

    def methods(self, entry: str) -> set[str]:
        """The methods of adapters that a program may call, as `Class.method`."""
        kinds, named = self._adapters(entry)
        return {
            f"{kind.name}.{method.name}"
            for kind in kinds
            for method in kind.body
            if isinstance(method, ast.FunctionDef) and method.name in named
        }

    def _adapters(self, entry: str) -> tuple[list[ast.ClassDef], set[str]]:
        """The classes of adapters that a program imports, and the attributes that it names."""
        modules = self.program(entry)
        adapters = {module for module in modules if module.startswith(ADAPTERS)}
        outside = [self._tree(module) for module in modules - adapters]
        # A private method of an adapter is called by the adapter alone, whatever shares its name.
        named = {name for tree in outside for name in _named(tree) if not name.startswith("_")}
        kinds = {
            kind.name: kind
            for module in adapters
            for kind in self._tree(module).body
            if isinstance(kind, ast.ClassDef)
        }
        used = {name for tree in outside for name in _imported(tree)} & kinds.keys()
        used |= {
            base.id for name in used for base in kinds[name].bases if isinstance(base, ast.Name)
        }
        return [kinds[name] for name in used & kinds.keys()], named


def _named(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def _imported(tree: ast.AST) -> set[str]:
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {one.name for node in imports for one in node.names}


def _of_class(kind: ast.ClassDef, named: set[str]) -> set[str]:
    """The actions of the named methods, and of the methods that these name."""
    methods = {one.name: one for one in kind.body if isinstance(one, ast.FunctionDef)}
    reached: set[str] = set()
    new = named & methods.keys()
    while new:
        reached |= new
        new = {
            name for method in new for name in _named(methods[method])
        } & methods.keys() - reached
    return {action for method in reached for action in _called(methods[method])}


def _called(method: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(method):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "transact":
            yield from TRANSACTION
        if isinstance(node.func, ast.Attribute) and node.func.attr in operations():
            yield operations()[node.func.attr]


@cache
def operations() -> dict[str, str]:
    """The IAM action of each operation, by its name in Python."""
    session = botocore.session.get_session()
    return {
        xform_name(operation): f"{prefix}:{operation}"
        for service, prefix in SERVICES.items()
        for operation in session.get_service_model(service).operation_names
        if xform_name(operation) not in ("tag_resource", "untag_resource")
    }
