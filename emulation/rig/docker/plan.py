"""`python -m emulation.rig.docker.plan`: whether Terraform would change what was deployed."""

import sys

from emulation.rig.docker.deploy import FOLDER
from emulation.rig.errors import StartError
from emulation.rig.stack.terraform import Terraform
from toolchain.layout import Layout


def main() -> int:
    """Print it; the exit status: 0 nothing, 1 something, 2 it could not be planned."""
    try:
        same = Terraform(Layout.of_this_checkout(), FOLDER / "terraform").is_up_to_date()
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("No changes\n" if same else "There are changes\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
