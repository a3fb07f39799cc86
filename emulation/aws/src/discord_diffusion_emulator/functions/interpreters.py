"""Which interpreter runs which Lambda runtime."""

import json
from collections.abc import Mapping
from pathlib import Path

# Set by launch.py: a JSON object from a runtime's name to an interpreter's path.
LAMBDA_PYTHONS = "EMULATOR_LAMBDA_PYTHONS"


class NoInterpreterError(Exception):
    """No interpreter is known for a runtime."""


def interpreter(runtime: str | None, environment: Mapping[str, str]) -> Path:
    """The interpreter for `runtime` ("python3.13"); NoInterpreterError names those there are."""
    pythons: dict[str, str] = json.loads(environment.get(LAMBDA_PYTHONS, "{}"))
    if runtime not in pythons:
        known = ", ".join(sorted(pythons)) or "none"
        raise NoInterpreterError(
            f"runtime {runtime!r} cannot run here; {LAMBDA_PYTHONS} has an interpreter for: {known}"
        )
    return Path(pythons[runtime])
