"""The root module's variables: as the person set them, and with what the deploy step adds."""

import re
from pathlib import Path
from typing import Any

from discord_diffusion.settings.reader import DISCORD_API
from infra.deploy.choices import UNKNOWN_APPLICATION, UNKNOWN_KEY, Choices
from infra.deploy.errors import InputError
from infra.deploy.registration import Application
from infra.deploy.settings import DeploymentSettings
from infra.deploy.terraform import Terraform

_READ = (
    "project",
    "environment",
    "region",
    "lambda_architecture",
    "fleet",
    "network",
    "worker",
    "discord_application_id",
    "discord_public_key",
)
EVALUATED = "{" + ", ".join(f"{name} = var.{name}" for name in _READ) + "}"


def chosen(choices: Choices, settings: DeploymentSettings) -> dict[str, str]:
    """What command line and environment say, for Terraform's command line.

    Raises:
        InputError: the environment names another region than the variable file.
    """
    said = {"target": "aws"}
    if region := choices.region or _region(choices.variables_file, settings.aws_region):
        said["region"] = region
    if choices.environment:
        said["environment"] = choices.environment
    if settings.discord_api_url != DISCORD_API:
        said["discord_api_url"] = settings.discord_api_url
    return said


def _region(variables_file: Path | None, in_environment: str | None) -> str | None:
    text = variables_file.read_text(encoding="utf-8") if variables_file else ""
    found = re.search(r'^\s*region\s*=\s*"([^"]+)"', text, re.MULTILINE)
    if found and in_environment and found[1] != in_environment:
        raise InputError(
            f"{variables_file} says region {found[1]}, AWS_REGION says {in_environment}: "
            "set --region to the one that is meant."
        )
    return None if found else in_environment


def evaluate(terraform: Terraform, said: dict[str, str], some_file: Path) -> dict[str, Any]:
    """Every variable that the deploy step reads, by Terraform itself: defaults, file, TF_VAR_.

    What only the token or a build can tell is filled in for now: `some_file` is the package.

    Raises:
        TerraformError: one is not valid.
    """
    unknown = {"lambda_package": str(some_file)}
    found: dict[str, Any] = terraform.evaluate(EVALUATED, said | unknown)
    return found


def defaults() -> dict[str, str]:
    """What stands for the application until the bot token tells which it is."""
    return {"discord_application_id": UNKNOWN_APPLICATION, "discord_public_key": UNKNOWN_KEY}


def complete(
    said: dict[str, str], application: Application, worker_image: str, worker: dict[str, Any] | None
) -> dict[str, Any]:
    """What the deploy step sets for a run; none of it is secret."""
    values: dict[str, Any] = {
        **said,
        "discord_application_id": application.id,
        "discord_public_key": application.verify_key,
        "lambda_package": "build/lambda.zip",
        "worker_image": worker_image,
    }
    return values | ({"worker": worker} if worker else {})
