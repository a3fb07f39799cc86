"""What a person chose for a deployment, and what follows from it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNKNOWN_APPLICATION = "0" * 18
"""Stands for an application id that nobody named: the bot token tells it."""
UNKNOWN_KEY = "0" * 64
"""The same for the public key."""


@dataclass(frozen=True)
class Choices:
    """What the command line says; None leaves it to the variable file or to the default.

    `image` is a worker image that exists already: none is built then. `endpoint_url` is where
    Discord reaches the API, if not at API Gateway's own address: `{host}`, `{path}` and
    `{rest_api_id}` stand for the parts of that.
    """

    region: str | None = None
    environment: str | None = None
    variables_file: Path | None = None
    backend_file: Path | None = None
    state_folder: Path = Path(".deployments")
    guild_id: str | None = None
    image: str | None = None
    endpoint_url: str | None = None
    allow_replacement: bool = False


@dataclass(frozen=True)
class Deployment:
    """One deployment, by the root module's own variables with their defaults filled in."""

    project: str
    environment: str
    region: str
    lambda_architecture: str
    instance_types: tuple[str, ...]
    spot_percentage: float
    minimum_tasks: int
    maximum_tasks: int
    create_vpc: bool
    vpc_id: str | None
    discord_application_id: str
    discord_public_key: str

    @property
    def prefix(self) -> str:
        """What every name begins with."""
        return f"{self.project}-{self.environment}"

    @property
    def repository(self) -> str:
        """Name of the ECR repository of the worker's image."""
        return f"{self.prefix}-worker"

    @property
    def token_parameter(self) -> str:
        """Name of the SSM parameter that keeps the bot token."""
        return f"/{self.prefix}/discord-bot-token"

    @classmethod
    def from_variables(cls, values: dict[str, Any]) -> "Deployment":
        """Read the root module's variables, as `variables.EVALUATED` asks for them."""
        fleet, network = values["fleet"], values["network"]
        return cls(
            project=values["project"],
            environment=values["environment"],
            region=values["region"],
            lambda_architecture=values["lambda_architecture"],
            instance_types=tuple(fleet["instance_types"]),
            spot_percentage=fleet["spot_percentage"],
            minimum_tasks=fleet["minimum_tasks"],
            maximum_tasks=fleet["maximum_tasks"],
            create_vpc=network["create_vpc"],
            vpc_id=network["vpc_id"],
            discord_application_id=values["discord_application_id"],
            discord_public_key=values["discord_public_key"],
        )
