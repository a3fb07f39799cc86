"""A deployment for unit tests of the deploy step, with the module's defaults."""

from dataclasses import replace
from typing import Any

from infra.deploy.variables import Deployment

_DEFAULT = Deployment(
    project="discord-diffusion",
    environment="prod",
    region="us-east-2",
    lambda_architecture="arm64",
    instance_types=("g4dn.xlarge", "g5.xlarge", "g6.xlarge"),
    spot_percentage=100,
    on_demand_base=0,
    minimum_tasks=0,
    maximum_tasks=4,
    scale_in_hold_seconds=120,
    ami="resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id",
    reserved_concurrency=-1,
    manage_api_gateway_account=True,
    create_vpc=True,
    vpc_id=None,
    discord_application_id="123456789012345678",
)


def deployment(**changed: Any) -> Deployment:
    """The default deployment, with changes."""
    return replace(_DEFAULT, **changed)
