"""`python -m tests.docker`: everything that needs a Docker engine, with images built here.

Exit status: pytest's, or 3 on a machine without an engine.
"""

import os
import subprocess
import sys

from emulation.bootstrap.layout import Layout
from emulation.docker import client
from emulation.docker.compose import PROJECT, Compose
from emulation.errors import StartError

NO_ENGINE = 3
SECONDS = 900
"""For one test, which may start a stack."""
SAME_TESTS = (
    "tests/integration/test_enqueueing.py",
    "tests/integration/test_failures.py",
    "tests/integration/test_request_path.py",
    "tests/integration/emulator/test_emulator_gateway.py",
    "tests/integration/emulator/test_moto_services.py",
    "tests/integration/emulator/test_job_store.py",
    "tests/integration/emulator/test_ledger.py",
)
"""The bodies that run on processes, in containers and, as far as they may, on AWS."""
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
    chosen = sys.argv[1:] or ["tests/docker", *SAME_TESTS]
    # Ryuk's image would have to be pulled; every fixture removes what it started.
    env = os.environ | {"TARGET": "docker", "TESTCONTAINERS_RYUK_DISABLED": "true"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-o", f"timeout={SECONDS}", *chosen],
        cwd=root,
        env=env,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
