"""Requests about single instances of groups: their ends, health, protection and draining."""

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.services.moto import call_moto

from ecs_fleet_emulator.fleet.agent import FleetAgent

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instance-draining.html
DRAINING_HOOK = "ecs-managed-draining-termination-hook"
_HEALTH = ["Healthy", "Unhealthy"]


def _invalid(text: str) -> CommonServiceException:
    return CommonServiceException("ValidationError", text, sender_fault=True)


def terminate(agent: FleetAgent, context: RequestContext, request: Any) -> dict[str, Any]:
    """TerminateInstanceInAutoScalingGroup, with the draining of tasks."""
    instance, decrement = request["InstanceId"], bool(request["ShouldDecrementDesiredCapacity"])
    with agent.region(context.account_id, context.region) as region:
        activity = region.terminate(instance, decrement)
    if activity is None:
        text = f"Instance Id not found - No managed instance found for instance ID: {instance}"
        raise _invalid(text)
    return {"Activity": {name: value for name, value in activity.items() if name != "instance"}}


def complete(agent: FleetAgent, context: RequestContext, request: Any) -> dict[str, Any]:
    """CompleteLifecycleAction, of the hook by which ECS drains instances."""
    with agent.region(context.account_id, context.region) as region:
        hook = request["LifecycleHookName"] == DRAINING_HOOK
        if not hook or not region.end_draining(request.get("InstanceId") or ""):
            raise _invalid(
                f"No active Lifecycle Action found with instance ID {request.get('InstanceId')}"
            )
    return {}


def set_health(agent: FleetAgent, context: RequestContext, request: Any) -> dict[str, Any]:
    """SetInstanceHealth: an unhealthy instance is replaced.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html
    """
    instance, status = request["InstanceId"], request["HealthStatus"]
    if status not in _HEALTH:
        raise _invalid(
            f"{status} is not a valid value for HealthStatus. It must be one of {_HEALTH}"
        )
    with agent.region(context.account_id, context.region) as region:
        key = region.instance_key(instance)
        if key is None:
            raise _invalid(f"No managed instance found for instance ID: {instance}")
        respects = request.get("ShouldRespectGracePeriod", True)
        if status == "Unhealthy" and not (respects and region.in_grace_period(key)):
            region.replace_unhealthy(key)
    return {}


def set_protection(agent: FleetAgent, context: RequestContext, request: Any) -> Any:
    """SetInstanceProtection; a capacity provider that protects instances sets it itself."""
    with agent.region(context.account_id, context.region) as region:
        keys = {one: region.instance_key(one) for one in request["InstanceIds"]}
        for instance, key in keys.items():
            if key is None:
                raise _invalid(
                    f"The instance {instance} is not part of Auto Scaling group"
                    f" {request['AutoScalingGroupName']}."
                )
        for key in filter(None, keys.values()):
            region.simulation.state.instances[key].protected = request["ProtectedFromScaleIn"]
    return call_moto(context)
