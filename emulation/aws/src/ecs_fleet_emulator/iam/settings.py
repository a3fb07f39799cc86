"""Whether this emulator enforces IAM."""

import os

# "enforce", or empty.
IAM = "EMULATOR_IAM"


def is_enforced() -> bool:
    """Whether this emulator enforces IAM."""
    return os.environ.get(IAM) == "enforce"
