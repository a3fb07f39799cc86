"""Why a deployment stops.

DeployError
├── InputError        what was said contradicts itself, or is missing
├── RefusedError      something would happen that nobody agreed to
├── TerraformError    Terraform failed
├── ImageError        the worker's image could not be built or pushed
├── AwsError          AWS refused a call
└── EndpointError     the deployed endpoint does not answer as it must
"""


class DeployError(Exception):
    """The text says what happened and what to do; it never holds a secret."""


class InputError(DeployError):
    """What was said contradicts itself, or something is missing."""


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
