"""Scaling policies that alarms name as their actions, of services and of groups."""

from . import group_scaling, service_scaling
from .agent import FleetAgent
from .moto_records import AlarmedMetric

CREATED_BY = ":createdBy/"
"""What follows the ARN of a policy in the actions of the alarms that its service made."""


def carry_out(agent: FleetAgent, action: str, seen: AlarmedMetric) -> None:
    """Carry out the policy with the ARN that is an alarm's action."""
    arn = action.partition(CREATED_BY)[0]
    _, _, _, region_name, account, *_ = arn.split(":")
    with agent.region(account, region_name) as region:
        if ":autoScalingGroupName/" in arn:
            group_scaling.carry_out_policy(region, arn, seen)
        else:
            service_scaling.carry_out_policy(region, arn, seen)
