"""The root module's variables: those that a person set, and those that the deploy step adds."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discord_diffusion.settings.reader import DISCORD_API
from infra.deploy.choices import Choices, DeploymentSettings
from infra.deploy.errors import InputError
from infra.deploy.registration import Application
from infra.deploy.terraform import Terraform

UNKNOWN_APPLICATION = "0" * 18
"""The value of an application id that is not set; the bot token determines the id."""
UNKNOWN_PUBLIC_KEY = "0" * 64
"""The same for the public key."""
PLACEHOLDERS = {
    "discord_application_id": UNKNOWN_APPLICATION,
    "discord_public_key": UNKNOWN_PUBLIC_KEY,
}

_READ_VARIABLES = (
    "project",
    "environment",
    "region",
    "lambda_architecture",
    "fleet",
    "network",
    "interactions_function",
    "manage_api_gateway_account",
    "discord_application_id",
    # Only so that Terraform validates it.
    "discord_public_key",
)
_EXPRESSION = (
    "{"
    + ", ".join(f"{name} = var.{name}" for name in _READ_VARIABLES)
    # With their defaults, which depend on other variables.
    + ", quality = local.priced_quality"
    + ", generation_defaults = local.generation_defaults"
    + ", worker = local.worker, scaling = local.scaling"
    + ", instance_hours = local.instance_hours}"
)


@dataclass(frozen=True)
class Deployment:
    """One deployment: those of the root module's variables that the deploy step reads."""

    project: str
    environment: str
    region: str
    lambda_architecture: str
    instance_types: tuple[str, ...]
    spot_percentage: float
    on_demand_base: int
    minimum_tasks: int
    maximum_tasks: int
    scale_in_hold_seconds: int
    ami: str
    reserved_concurrency: int
    manage_api_gateway_account: bool
    create_vpc: bool
    vpc_id: str | None
    discord_application_id: str
    warm_pool_size: int = 0
    hours_a_day: float = 24
    """Hours of all instances in a day after which the fleet sleeps; 0 is no cap."""
    hours_a_month: float = 300
    quality: str | None = None
    """How the default model draws; None with another model, or settings of one's own."""

    @property
    def prefix(self) -> str:
        """The first part of every name."""
        return f"{self.project}-{self.environment}"

    @property
    def repository(self) -> str:
        """Name of the ECR repository of the worker's image."""
        return f"{self.prefix}-worker"

    @property
    def fleet_name(self) -> str:
        """Name of the ECS service, and of the Auto Scaling group below it."""
        return f"{self.prefix}-worker"

    @property
    def worker_log(self) -> str:
        """Name of the log group of the workers."""
        return f"/ecs/{self.fleet_name}"

    @property
    def function_names(self) -> tuple[str, ...]:
        """Names of the Lambda functions."""
        functions = ("interactions", "backlog", "waiting", "dead-letters")
        return tuple(f"{self.prefix}-{name}" for name in functions)

    @property
    def log_groups(self) -> tuple[str, ...]:
        """Names of all log groups."""
        return (
            self.worker_log,
            *(f"/aws/lambda/{name}" for name in self.function_names),
            *(
                f"/aws/vendedlogs/states/{self.prefix}-{name}"
                for name in ("scaling", "wake", "confirm")
            ),
            f"/aws/apigateway/{self.prefix}-interactions",
        )

    @property
    def table(self) -> str:
        """Name of the jobs table."""
        return f"{self.prefix}-jobs"

    @property
    def queue(self) -> str:
        """Name of the queue of jobs."""
        return f"{self.prefix}-jobs.fifo"

    @property
    def dead_letter_queue(self) -> str:
        """Name of the queue of failed jobs."""
        return f"{self.prefix}-jobs-dead-letters.fifo"

    @property
    def token_parameter(self) -> str:
        """Name of the SSM parameter that holds the bot token."""
        return f"/{self.prefix}/discord-bot-token"

    @classmethod
    def from_variables(cls, values: dict[str, Any]) -> "Deployment":
        """From the variables that `evaluate` returns."""
        fleet, network = values["fleet"], values["network"]
        return cls(
            project=values["project"],
            environment=values["environment"],
            region=values["region"],
            lambda_architecture=values["lambda_architecture"],
            instance_types=tuple(fleet["instance_types"]),
            spot_percentage=fleet["spot_percentage"],
            on_demand_base=fleet["on_demand_base"],
            minimum_tasks=fleet["minimum_tasks"],
            maximum_tasks=fleet["maximum_tasks"],
            scale_in_hold_seconds=values["scaling"]["scale_in_hold_seconds"],
            ami=fleet["ami"],
            reserved_concurrency=values["interactions_function"]["reserved_concurrency"],
            manage_api_gateway_account=values["manage_api_gateway_account"],
            create_vpc=network["create_vpc"],
            vpc_id=network["vpc_id"],
            discord_application_id=values["discord_application_id"],
            warm_pool_size=fleet["warm_pool_size"],
            hours_a_day=values["instance_hours"]["day"],
            hours_a_month=values["instance_hours"]["month"],
            quality=values["quality"],
        )


def chosen(choices: Choices, settings: DeploymentSettings) -> dict[str, str]:
    """The variables that the command line and the environment set.

    Raises:
        InputError: the environment names another region than the variable file.
    """
    variables = {"target": "aws"}
    if region := choices.region or _region(choices.variables_file, settings.aws_region):
        variables["region"] = region
    if choices.environment:
        variables["environment"] = choices.environment
    if settings.discord_api_url != DISCORD_API:
        variables["discord_api_url"] = settings.discord_api_url
    return variables


def _region(variables_file: Path | None, in_environment: str | None) -> str | None:
    text = variables_file.read_text(encoding="utf-8") if variables_file else ""
    found = re.search(r'^\s*region\s*=\s*"([^"]+)"', text, re.MULTILINE)
    if found and in_environment and found[1] != in_environment:
        raise InputError(
            f"{variables_file} says region {found[1]}, AWS_REGION says {in_environment}: "
            "set --region to the one that is meant."
        )
    return None if found else in_environment


def evaluate(terraform: Terraform, variables: dict[str, str], some_file: Path) -> dict[str, Any]:
    """Every variable that the deploy step reads, as Terraform has it from file and environment.

    Args:
        terraform: the root module with the variable files.
        variables: what `chosen` returned.
        some_file: any file, in the place of the Lambda package, which is not built yet.

    Raises:
        TerraformError: a variable is not valid.
    """
    found: dict[str, Any] = terraform.evaluate(
        _EXPRESSION, {**variables, "lambda_package": str(some_file)}
    )
    return found


def complete(
    variables: dict[str, str],
    application: Application,
    worker_image: str,
    changed: Mapping[str, Any],
) -> dict[str, Any]:
    """The variables that the deploy step sets for a run; none of them is secret.

    Args:
        variables: what `chosen` returned.
        application: the application at Discord.
        worker_image: reference or tag of the worker's image.
        changed: variables that differ from what the person set.
    """
    values: dict[str, Any] = {
        **variables,
        "discord_application_id": application.id,
        "discord_public_key": application.verify_key,
        "lambda_package": "build/lambda.zip",
        "worker_image": worker_image,
    }
    return values | dict(changed)
