"""The errors of the deploy step.

DeployError
├── InputError        options, environment or variables contradict each other, or one is missing
├── RefusedError      nobody agreed to what would happen
├── StoppedError      a person interrupted the command
├── TerraformError    Terraform failed
├── ImageError        the worker's image could not be built or pushed
├── AwsError          AWS refused a call
├── RegistrationError Discord refused a call
├── EndpointError     the deployed endpoint does not answer as it must
└── SmokeTestError    the deployed worker does not start, or draws nothing
"""


class DeployError(Exception):
    """The text says what happened and what to do; it never holds a secret."""


class InputError(DeployError):
    """Options, environment or variables contradict each other, or one is missing."""


class RefusedError(DeployError):
    """Nobody agreed to what would happen."""


class StoppedError(DeployError):
    """A person interrupted the command; Terraform's state has everything made until then."""

    def __init__(self) -> None:
        super().__init__("Stopped. What was made so far is kept: run the same command again.")


class TerraformError(DeployError):
    """Terraform failed; the text contains Terraform's message."""


class ImageError(DeployError):
    """The worker's image could not be built or pushed."""


class AwsError(DeployError):
    """AWS refused a call."""


class RegistrationError(DeployError):
    """Discord refused a call or was not reached; the text has its message, never the token.

    `status` is that of HTTP, None without an answer.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(text)


class EndpointError(DeployError):
    """The deployed endpoint does not answer as it must."""


class SmokeTestError(DeployError):
    """The deployed worker does not start or draws nothing, or the fleet does not sleep again."""


class Terminated(KeyboardInterrupt):
    """The process got SIGTERM: it has to end soon, else it is killed."""
