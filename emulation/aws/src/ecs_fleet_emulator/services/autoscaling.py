"""Auto Scaling of moto, whose groups only record a desired capacity: the fleet agent launches."""

from functools import partial
from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.plugins import Service
from localstack.utils.patch import patch
from moto.autoscaling.models import (
    AutoScalingBackend,
    FakeAutoScalingGroup,
    InstanceState,
    autoscaling_backends,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from ecs_fleet_emulator.fleet.agent import FleetAgent
from ecs_fleet_emulator.fleet.moto_records import activities

from . import (
    autoscaling_instances,
    autoscaling_requests,
    group_policies,
    group_schedules,
    warm_pools,
)
from .autoscaling_members import AUTOSCALING
from .moto_service import Operation, checked, moto_service

# Parameters that moto ignores at an update, or treats as missing when they are 0.
_ATTRIBUTES = {
    "DefaultCooldown": "default_cooldown",
    "HealthCheckGracePeriod": "health_check_grace_period",
    "CapacityRebalance": "capacity_rebalance",
    "TerminationPolicies": "termination_policies",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "DefaultInstanceWarmup": "default_instance_warmup",
}


def service(agent: FleetAgent) -> Service:
    """Auto Scaling, whose instances a fleet agent launches and terminates."""
    _apply_patches()
    warm_pools.apply_patches()
    sizes_checked = checked(autoscaling_backends, autoscaling_requests.check_group)
    operations: dict[str, Operation] = {
        "CreateAutoScalingGroup": sizes_checked,
        "UpdateAutoScalingGroup": sizes_checked,
        "SetDesiredCapacity": sizes_checked,
        "DeleteAutoScalingGroup": _delete,
        **group_policies.operations(agent),
        **group_schedules.operations(agent),
        "SetInstanceHealth": partial(autoscaling_instances.set_health, agent),
        "SetInstanceProtection": partial(autoscaling_instances.set_protection, agent),
        "DeleteWarmPool": partial(warm_pools.delete, agent),
        "TerminateInstanceInAutoScalingGroup": partial(autoscaling_instances.terminate, agent),
        "CompleteLifecycleAction": partial(autoscaling_instances.complete, agent),
    }
    return moto_service("autoscaling", operations, agent.notify, AUTOSCALING)


def _delete(context: RequestContext, request: Any) -> Any:
    """DeleteAutoScalingGroup: its policies and their alarms go with it."""
    groups = autoscaling_backends[context.account_id][context.region].autoscaling_groups
    group = groups.get(request["AutoScalingGroupName"])
    answer = checked(autoscaling_backends, autoscaling_requests.check_deletion)(context, request)
    if group is not None:
        group_policies.delete_alarms(context, group)
    return answer


def _set_desired_capacity(group: FakeAutoScalingGroup, capacity: int | None) -> None:
    """Record the capacity, without launching instances."""
    group.desired_capacity = group.min_size if capacity is None else capacity


def _remove_terminated(backend: AutoScalingBackend, instance_ids: list[str]) -> None:
    """Remove terminated instances from their groups, without a replacement."""
    for group in backend.autoscaling_groups.values():
        group.instance_states = [
            state for state in group.instance_states if state.instance.id not in instance_ids
        ]


def _set_attributes(group: FakeAutoScalingGroup, given: dict[str, Any]) -> None:
    for name, attribute in _ATTRIBUTES.items():
        if given.get(name) is not None:
            setattr(group, attribute, given[name])


def _apply_patches() -> None:
    FakeAutoScalingGroup.set_desired_capacity = _set_desired_capacity
    AutoScalingBackend.notify_terminate_instances = _remove_terminated

    @patch(AutoScalingResponse.describe_scaling_activities)  # type: ignore[untyped-decorator]
    def _describe(original: Any, response: Any) -> ActionResult:  # noqa: ARG001
        name = response._get_param("AutoScalingGroupName")
        ids = response._get_param("ActivityIds", [])
        found = [
            activity
            for activity in activities(response.autoscaling_backend)
            if (not name or activity["AutoScalingGroupName"] == name)
            and (not ids or activity["ActivityId"] in ids)
        ]
        return ActionResult({"Activities": found[: response._get_int_param("MaxRecords") or 100]})

    @patch(AutoScalingResponse.create_auto_scaling_group)  # type: ignore[untyped-decorator]
    def _create(original: Any, response: Any) -> ActionResult:
        # moto's 300 s are the console's default, not the API's.
        given = {"HealthCheckGracePeriod": 0, **response._get_params()}
        result: ActionResult = original(response)
        _set_attributes(
            response.autoscaling_backend.autoscaling_groups[given["AutoScalingGroupName"]], given
        )
        return result

    @patch(AutoScalingResponse.update_auto_scaling_group)  # type: ignore[untyped-decorator]
    def _update(original: Any, response: Any) -> ActionResult:
        given = response._get_params()
        group = response.autoscaling_backend.autoscaling_groups.get(given["AutoScalingGroupName"])
        policy = group.mixed_instances_policy if group else None
        if group and group.warm_pool:
            warm_pools.refuse_spot(given.get("MixedInstancesPolicy"))
        result: ActionResult = original(response)
        if group is not None:
            _set_attributes(group, given)
            # moto drops the policy when an update does not name it.
            if policy and not (given.get("MixedInstancesPolicy") or given.get("LaunchTemplate")):
                group.mixed_instances_policy = policy
        return result

    @patch(InstanceState.__init__)  # type: ignore[untyped-decorator]
    def _init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.availability_zone = self.instance.availability_zone
