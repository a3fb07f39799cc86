"""`python -m tests.docker [ARGUMENTS OF PYTEST]`: what needs an engine, with images built here.

Without arguments everything is run, in lanes.

Exit status: 0 if all passed, 3 on a machine without an engine, else 1.
"""

import sys

from emulation.rig.docker.compose import PROJECT, Compose
from tests import reaper, selection, suite
from toolchain import docker
from toolchain.errors import DockerError
from toolchain.layout import Layout

NO_ENGINE = 3
IMAGES = ("emulator", "discord", "terraform", "worker-cpu")
# A test may start a stack of containers.
OPTIONS = ("-o", "timeout=900")
# Two stacks of containers fill the memory of a small machine.
AT_A_TIME = 2
# Ryuk's image would have to be pulled; every fixture removes what it started.
ENVIRONMENT = {"TARGET": "docker", "TESTCONTAINERS_RYUK_DISABLED": "true"}


def main() -> int:
    """Build, test; the exit status."""
    if not docker.answers("info"):
        sys.stderr.write("No Docker engine answers, so nothing was tested. See: make doctor\n")
        return NO_ENGINE
    root = Layout.of_this_checkout().root
    try:
        Compose(root, PROJECT).build(*IMAGES)
    except DockerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if words := sys.argv[1:]:
        status = suite.run_pytest(root, [*OPTIONS, *words], ENVIRONMENT)
    else:
        modules = selection.of_docker(root)
        status = suite.run(root, OPTIONS, modules, ENVIRONMENT, at_a_time=AT_A_TIME)
    # pytest has statuses of its own, 3 among them.
    return int(status != 0)


if __name__ == "__main__":
    sys.exit(reaper.run_alone(main))
