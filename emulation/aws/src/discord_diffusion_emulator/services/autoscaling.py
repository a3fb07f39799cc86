"""Auto Scaling through moto: capacity is only asked for here; the fleet agent brings it."""

from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.utils.patch import patch
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

# What a group answers again, of what moto forgets at an update or takes for unset when it is 0.
_KEPT = {
    "DefaultCooldown": "default_cooldown",
    "HealthCheckGracePeriod": "health_check_grace_period",
    "CapacityRebalance": "capacity_rebalance",
    "TerminationPolicies": "termination_policies",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "DefaultInstanceWarmup": "default_instance_warmup",
}


def activities(backend: AutoScalingBackend) -> list[dict[str, Any]]:
    """The scaling activities that a backend keeps, newest first."""
    kept: list[dict[str, Any]] = backend.__dict__.setdefault("fleet_activities", [])
    return kept


def _ask(group: FakeAutoScalingGroup, capacity: int | None) -> None:
    """Note the capacity; instances come and go by the agent."""
    group.desired_capacity = group.min_size if capacity is None else capacity


def _forget(backend: AutoScalingBackend, instance_ids: list[str]) -> None:
    """EC2 instances are terminated: their groups lose them, the agent replaces them."""
    for group in backend.autoscaling_groups.values():
        group.instance_states = [
            state for state in group.instance_states if state.instance.id not in instance_ids
        ]


def _keep(group: FakeAutoScalingGroup, given: dict[str, Any]) -> None:
    for name, attribute in _KEPT.items():
        if given.get(name) is not None:
            setattr(group, attribute, given[name])


def _terminate(context: RequestContext, request: Any) -> dict[str, Any]:
    """TerminateInstanceInAutoScalingGroup, in the agent's time and by its way of draining."""
    from discord_diffusion_emulator.fleet.agent import plane

    instance, decrement = request["InstanceId"], bool(request["ShouldDecrementDesiredCapacity"])
    with plane(context.account_id, context.region) as there:
        activity = there.terminate(instance, decrement)
    if activity is None:
        text = f"Instance Id not found - No managed instance found for instance ID: {instance}"
        raise CommonServiceException("ValidationError", text)
    return {"Activity": {name: value for name, value in activity.items() if name != "instance"}}


OPERATIONS = {"TerminateInstanceInAutoScalingGroup": _terminate}


def mend() -> None:
    """Correct moto's Auto Scaling. Called once."""
    FakeAutoScalingGroup.set_desired_capacity = _ask
    AutoScalingBackend.notify_terminate_instances = _forget

    @patch(AutoScalingResponse.describe_scaling_activities)  # type: ignore[untyped-decorator]
    def _describe(original: Any, response: Any) -> ActionResult:  # noqa: ARG001
        name = response._get_param("AutoScalingGroupName")
        asked = response._get_param("ActivityIds", [])
        found = [
            activity
            for activity in activities(response.autoscaling_backend)
            if (not name or activity["AutoScalingGroupName"] == name)
            and (not asked or activity["ActivityId"] in asked)
        ]
        return ActionResult({"Activities": found[: response._get_int_param("MaxRecords") or 100]})

    @patch(AutoScalingResponse.create_auto_scaling_group)  # type: ignore[untyped-decorator]
    def _create(original: Any, response: Any) -> ActionResult:
        # moto's 300 s are the console's default, not the API's.
        given = {"HealthCheckGracePeriod": 0, **response._get_params()}
        result: ActionResult = original(response)
        _keep(response.autoscaling_backend.autoscaling_groups[given["AutoScalingGroupName"]], given)
        return result

    @patch(AutoScalingResponse.update_auto_scaling_group)  # type: ignore[untyped-decorator]
    def _update(original: Any, response: Any) -> ActionResult:
        given = response._get_params()
        group = response.autoscaling_backend.autoscaling_groups.get(given["AutoScalingGroupName"])
        mixed = group.mixed_instances_policy if group else None
        result: ActionResult = original(response)
        if group is not None:
            _keep(group, given)
        # moto forgets the policy when an update does not name it.
        if (
            group is not None
            and mixed
            and not (given.get("MixedInstancesPolicy") or given.get("LaunchTemplate"))
        ):
            group.mixed_instances_policy = mixed
        return result

    @patch(InstanceState.__init__)  # type: ignore[untyped-decorator]
    def _init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.availability_zone = self.instance.availability_zone
