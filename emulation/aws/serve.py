"""`python -m emulation.aws.serve`: the emulator in a container, on the container's own interfaces.

Standard library only. What it is told, it is told by its environment: EMULATOR_PORT (also the port
in the addresses that it hands out), EMULATOR_STATE (the folder it writes to), EMULATOR_EXTENSION
and EMULATOR_LAMBDA_PYTHON (of the image), EMULATOR_REGION, and what the fleet agent reads.
"""

import os
import sys
from pathlib import Path

from emulation.aws.launch import EmulatorConfig, command

OWN = "EMULATOR_"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - of the container; what is published of it, compose says


def main() -> None:
    """Become the emulator."""
    config = EmulatorConfig(
        emulator_python=Path(sys.executable),
        lambda_pythons={"python3.13": Path(os.environ["EMULATOR_LAMBDA_PYTHON"])},
        port=int(os.environ["EMULATOR_PORT"]),
        state_dir=Path(os.environ["EMULATOR_STATE"]),
        region=os.environ.get("EMULATOR_REGION") or "us-east-1",
        listen=EVERYWHERE,
    )
    argv, environment = command(config)
    environment |= {
        name: value for name, value in os.environ.items() if name.startswith(OWN) and value
    }
    environment["PYTHONPATH"] = os.environ["EMULATOR_EXTENSION"]
    # In a container LocalStack expects its own image's folders, and a machine to map ports of.
    environment["OVERRIDE_IN_DOCKER"] = "0"
    os.execve(argv[0], argv, environment)  # noqa: S606 - the emulator itself


if __name__ == "__main__":
    main()
