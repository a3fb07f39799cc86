"""Why a deployment stops.

DeployError
├── InputError        what was said contradicts itself, or is missing
├── StoppedError      somebody interrupted it
├── RefusedError      something would happen that nobody agreed to
├── TerraformError    Terraform failed
├── ImageError        the worker's image could not be built or pushed
├── AwsError          AWS refused a call
├── EndpointError     the deployed endpoint does not answer as it must
└── RegistrationError Discord refused a call of the registration (registration.py)
"""


class DeployError(Exception):
    """The text says what happened and what to do; it never holds a secret."""


class InputError(DeployError):
    """What was said contradicts itself, or something is missing."""


class StoppedError(DeployError):
    """Somebody interrupted it; what was made by then is known, and is gone on from."""

    def __init__(self) -> None:
        super().__init__("Stopped. What was made so far is kept: run the same command again.")


class RefusedError(DeployError):
    """Something would happen that nobody agreed to."""


class TerraformError(DeployError):
    """Terraform failed; the text holds its own words."""


class ImageError(DeployError):
    """The worker's image could not be built or pushed."""


class AwsError(DeployError):
    """AWS refused a call."""


class EndpointError(DeployError):
    """The deployed endpoint does not answer as it must."""


class Terminated(KeyboardInterrupt):
    """The process was told to end, and will be killed if it does not soon."""
