"""Warm pools of moto, which only records them: the fleet agent fills them."""

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.utils.patch import patch
from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup, LifecycleHook
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from ecs_fleet_emulator.fleet.agent import FleetAgent
from ecs_fleet_emulator.fleet.moto_records import warm_instances

WITH_SPOT = "You can't use a warm pool with an Auto Scaling group that launches Spot Instances."
HOLDS_INSTANCES = "The warm pool holds instances: set ForceDelete to delete it with them."


def delete(agent: FleetAgent, context: RequestContext, request: Any) -> dict[str, Any]:
    """DeleteWarmPool: the pool is marked, and gone with its last instance.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteWarmPool.html
    """
    with agent.region(context.account_id, context.region) as region:
        group = region.autoscaling.autoscaling_groups.get(request["AutoScalingGroupName"])
        if group is None or group.warm_pool is None:
            raise CommonServiceException("ValidationError", "No warm pool found for the group")
        if warm_instances(group) and not request.get("ForceDelete"):
            raise CommonServiceException("ResourceInUse", HOLDS_INSTANCES)
        group.warm_pool.status = "PendingDelete"
    return {}


def refuse_spot(policy: Any) -> None:
    """Refuse a mixed instances policy with Spot instances, which no warm pool takes.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html
    """
    distribution = (policy or {}).get("InstancesDistribution") or {}
    if int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100)) < 100:
        raise ValidationError(WITH_SPOT)


def _check(group: FakeAutoScalingGroup | None, given: dict[str, Any]) -> None:
    """Refuse a pool that AWS or ECS refuses, and kinds that are not emulated."""
    if group is not None:
        refuse_spot(group.mixed_instances_policy)
    if given.get("PoolState", "Stopped") != "Stopped":
        raise ValidationError("The emulator has warm pools of stopped instances alone.")
    reuse = (given.get("InstanceReusePolicy") or {}).get("ReuseOnScaleIn")
    if str(reuse).lower() == "true":
        raise ValidationError("The emulator returns no instances to a warm pool, nor does ECS.")


def _remove_deleted(group: FakeAutoScalingGroup) -> None:
    if getattr(group.warm_pool, "status", None) and not warm_instances(group):
        group.warm_pool = None


def apply_patches() -> None:
    """Let moto show the agent's instances, and refuse what AWS does."""

    @patch(AutoScalingResponse.put_warm_pool)  # type: ignore[untyped-decorator]
    def _put(original: Any, response: Any) -> ActionResult:
        given = response._get_params()
        groups = response.autoscaling_backend.autoscaling_groups
        _check(groups.get(given["AutoScalingGroupName"]), given)
        result: ActionResult = original(response)
        return result

    @patch(AutoScalingResponse.describe_warm_pool)  # type: ignore[untyped-decorator]
    def _describe(original: Any, response: Any) -> ActionResult:  # noqa: ARG001
        groups = response.autoscaling_backend.autoscaling_groups
        group = groups.get(response._get_param("AutoScalingGroupName"))
        if group is None:
            raise ValidationError("Group not found")
        _remove_deleted(group)
        found = {"WarmPoolConfiguration": group.warm_pool, "Instances": warm_instances(group)}
        return ActionResult(found)

    @patch(AutoScalingResponse.describe_auto_scaling_groups)  # type: ignore[untyped-decorator]
    def _describe_groups(original: Any, response: Any) -> ActionResult:
        for group in response.autoscaling_backend.autoscaling_groups.values():
            _remove_deleted(group)
        result: ActionResult = original(response)
        return result

    @patch(LifecycleHook.__init__)  # type: ignore[untyped-decorator]
    def _hook(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        """A hook notifies nobody unless it is told to; moto's has a target of its own."""
        original(self, *args, **kwargs)
        vars(self).update(role_arn=None, notification_target_arn=None)
