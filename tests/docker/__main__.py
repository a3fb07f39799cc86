"""`python -m tests.docker [ARGUMENTS OF PYTEST]`: what needs an engine, with images built here.

Exit status: 0 if all passed, 3 on a machine without an engine, else 1.
"""

import os
import subprocess
import sys

from emulation.bootstrap.layout import Layout
from emulation.docker import client
from emulation.docker.compose import PROJECT, Compose
from emulation.errors import StartError
from tests.docker.lanes import LANES
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
    lanes = ["-p", "tests.docker.lanes", "-n", str(LANES)]
    lanes += ["--dist", "loadgroup", "--no-loadscope-reorder"]
    chosen = sys.argv[1:] or [*lanes, *modules(root)]
    # Ryuk's image would have to be pulled; every fixture removes what it started.
    env = os.environ | {"TARGET": "docker", "TESTCONTAINERS_RYUK_DISABLED": "true"}
    command = [sys.executable, "-m", "pytest", "-o", f"timeout={SECONDS}", *chosen]
    # pytest has statuses of its own, 3 among them.
    return int(subprocess.run(command, cwd=root, env=env, check=False).returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
