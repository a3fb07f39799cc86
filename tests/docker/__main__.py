"""`python -m tests.docker [ARGUMENTS OF PYTEST]`: what needs an engine, with images built here.

Without arguments everything is run, in two lanes; what failed is then run again by itself, for two
processors are not always enough for a test's patience. Only what fails alone too is a failure.

Exit status: 0 if all passed, 3 on a machine without an engine, else 1.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulation.bootstrap.layout import Layout
from emulation.docker import client
from emulation.docker.compose import PROJECT, Compose
from emulation.errors import StartError
from tests.docker import lanes
from tests.docker.selection import modules

NO_ENGINE = 3
SECONDS = 900
"""For one test, which may start a stack."""
IMAGES = ("emulator", "discord", "terraform", "worker-cpu")


def main() -> int:
    """Build, test; the exit status."""
    if not client.answers("info"):
        sys.stderr.write("No Docker engine answers, so nothing was tested. See: make doctor\n")
        return NO_ENGINE
    root = Layout.of_this_checkout().root
    try:
        Compose(root, PROJECT).build(*IMAGES)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    # pytest has statuses of its own, 3 among them.
    status = _pytest(root, *sys.argv[1:]) if sys.argv[1:] else _everything(root)
    return int(status != 0)


def _everything(root: Path) -> int:
    """Run all in lanes, and once more alone what failed there; pytest's last status."""
    chosen = modules(root)
    status = _pytest(root, *lanes.OPTIONS, *chosen)
    if status == pytest.ExitCode.TESTS_FAILED:
        sys.stderr.write("\nWhat failed beside others is run again, alone:\n")
        return _pytest(root, "--last-failed", "--last-failed-no-failures=none", *chosen)
    return status


def _pytest(root: Path, *words: str) -> int:
    # Ryuk's image would have to be pulled; every fixture removes what it started.
    env = os.environ | {"TARGET": "docker", "TESTCONTAINERS_RYUK_DISABLED": "true"}
    command = [sys.executable, "-m", "pytest", "-o", f"timeout={SECONDS}", *words]
    return subprocess.run(command, cwd=root, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
