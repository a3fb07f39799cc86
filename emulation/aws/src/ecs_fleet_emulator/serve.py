"""`python -m ecs_fleet_emulator.serve`: the emulator in a container, on its own interfaces.

Standard library only. Its environment configures it: EMULATOR_PORT (also the port in the URLs that
it returns), EMULATOR_STATE (the folder that it writes to), EMULATOR_EXTENSION and
EMULATOR_LAMBDA_PYTHON (set by the image), EMULATOR_REGION, and the plug-in's own variables.
"""

import os
import sys
from pathlib import Path

from ecs_fleet_emulator.launch import CLOCK, EmulatorConfig, command

PREFIX = "EMULATOR_"
ALL_INTERFACES = "0.0.0.0"  # noqa: S104 - the container's; Compose publishes the port on loopback


def main() -> None:
    """Replace this process by the emulator."""
    config = EmulatorConfig(
        emulator_python=Path(sys.executable),
        lambda_pythons={"python3.13": Path(os.environ["EMULATOR_LAMBDA_PYTHON"])},
        port=int(os.environ["EMULATOR_PORT"]),
        state_dir=Path(os.environ["EMULATOR_STATE"]),
        region=os.environ.get("EMULATOR_REGION") or "us-east-1",
        listen=ALL_INTERFACES,
    )
    argv, environment = command(config)
    environment |= {
        name: value for name, value in os.environ.items() if name.startswith(PREFIX) and value
    }
    environment["PYTHONPATH"] = os.environ["EMULATOR_EXTENSION"]
    # The stand-in and the tasks are other containers, which do not see the file of this clock.
    environment.pop(CLOCK)
    # By default LocalStack in a container expects its own image's folders and port mappings.
    environment["OVERRIDE_IN_DOCKER"] = "0"
    os.execve(argv[0], argv, environment)  # noqa: S606 - the emulator


if __name__ == "__main__":
    main()
