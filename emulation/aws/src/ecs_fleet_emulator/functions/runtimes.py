"""The Lambda runtimes that this machine has, and how the process of a function starts in each.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_fleet_emulator.errors import NoInterpreterError

# Set by launch.py: a JSON object from a runtime's name to an interpreter's path.
LAMBDA_PYTHONS = "EMULATOR_LAMBDA_PYTHONS"

_NODE = re.compile(r"nodejs(\d+)\.x")
_NODE_CLIENT = Path(__file__).with_name("node") / "main.mjs"
# Without the function's variables for Python, and without site-packages.
_BOOTSTRAP_PYTHON = (sys.executable, "-IS")


@dataclass(frozen=True)
class Runtime:
    """A runtime, such as "python3.13", and the path of its interpreter."""

    name: str
    interpreter: Path

    def command(self, handler: str) -> tuple[Sequence[str], Sequence[str]]:
        """The interpreter of bootstrap.py with its options, and what bootstrap.py is told."""
        return [str(self.interpreter)], ["function", handler]

    def variables(self, layers: Sequence[Path], *, writes_bytecode: bool) -> dict[str, str]:
        """Variables by which a process finds the packages of layers, which lie in `layers`."""
        found = {} if writes_bytecode else {"PYTHONDONTWRITEBYTECODE": "1"}
        if layers:
            found["PYTHONPATH"] = os.pathsep.join(str(layer / "python") for layer in layers)
        return found


@dataclass(frozen=True)
class NodeRuntime(Runtime):
    """A runtime such as "nodejs22.x". Its client of the Runtime API is this package's own."""

    def command(self, handler: str) -> tuple[Sequence[str], Sequence[str]]:
        """As the base; bootstrap.py is replaced by Node.js."""
        return _BOOTSTRAP_PYTHON, ["server", str(self.interpreter), str(_NODE_CLIENT), handler]

    def variables(self, layers: Sequence[Path], *, writes_bytecode: bool) -> dict[str, str]:  # noqa: ARG002  # the base's
        """As the base: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html."""
        version = self.name.removesuffix(".x").replace("nodejs", "node")
        folders = [
            layer / folder / "node_modules"
            for layer in layers
            for folder in (f"nodejs/{version}", "nodejs")
        ]
        return {"NODE_PATH": os.pathsep.join(str(folder) for folder in folders)} if layers else {}


def runtime_of(name: str | None, environment: Mapping[str, str]) -> Runtime:
    """The runtime with a name. One of Node.js needs a `node` on the path, of whatever version.

    Raises:
        NoInterpreterError: it has no interpreter; the text says what to do about it.
    """
    configured: dict[str, str] = json.loads(environment.get(LAMBDA_PYTHONS, "{}"))
    if name is not None and _NODE.fullmatch(name):
        node = configured.get(name) or shutil.which("node", path=environment.get("PATH", ""))
        if node is None:
            raise NoInterpreterError(
                f"runtime {name!r} cannot run here: the emulator finds no `node` on its PATH;"
                " install Node.js (https://nodejs.org/en/download) and start the emulator again"
            )
        return NodeRuntime(name, Path(node))
    if name is None or name not in configured:
        known = ", ".join(sorted(configured)) or "none"
        raise NoInterpreterError(
            f"runtime {name!r} cannot run here; {LAMBDA_PYTHONS} has an interpreter for: {known};"
            " those of Node.js run by the `node` on the emulator's PATH"
        )
    return Runtime(name, Path(configured[name]))
