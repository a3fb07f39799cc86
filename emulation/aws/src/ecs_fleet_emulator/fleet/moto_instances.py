"""Launches and terminates EC2 instances in moto's backends, with their scaling activities."""

from typing import Any
from uuid import uuid4

from moto.autoscaling.models import ASG_NAME_TAG, AutoScalingBackend, InstanceState

from ecs_fleet_emulator.simulation.effects import LaunchFailed
from ecs_fleet_emulator.simulation.state import Instance

from .moto_records import activities, add_activity, moto_now, warm_instances

# https://github.com/aws-samples/amazon-ec2-auto-scaling-group-examples shows AWS's words.
LAUNCH = "Launching a new EC2 instance"
LAUNCH_INTO_POOL = f"{LAUNCH} into warm pool"
LAUNCH_FROM_POOL = f"{LAUNCH} from warm pool"


def launch(backend: AutoScalingBackend, instance: Instance, cause: str) -> Any:
    """Launch an instance of the simulation in its group, or in the group's warm pool.

    Returns moto's instance, which is pending.
    """
    group = backend.autoscaling_groups[instance.group]
    template = group.ec2_launch_template
    tags = {**group.get_propagated_tags(), ASG_NAME_TAG: group.name, **group.instance_tags}
    subnets = (group.vpc_zone_identifier or "").split(",")
    reservation = backend.ec2_backend.run_instances(
        group.image_id,
        1,
        group.user_data,
        [],
        security_group_ids=_security_groups(group),
        instance_type=instance.instance_type,
        tags={"instance": tags},
        placement=group.availability_zones[0],
        launch_config=group.launch_config,
        launch_template={"LaunchTemplateId": template.id} if template else None,
        is_instance_type_default=False,
        associate_public_ip=None,
        subnet_id=subnets[instance.key % len(subnets)] or None,
        lifecycle="spot" if instance.spot else None,
    )
    launched = reservation.instances[0]
    launched.autoscaling_group = group
    if instance.spot:
        launched.lifecycle = "spot"
    launched._state.name, launched._state.code = "pending", 0
    member = InstanceState(launched, lifecycle_state=str(instance.phase))
    members = warm_instances(group) if instance.warm else group.instance_states
    members.append(member)
    description = LAUNCH_INTO_POOL if instance.warm else LAUNCH
    _begin_activity(backend, group, description, cause, launched.id)
    return launched


def wake(backend: AutoScalingBackend, instance: Any, cause: str) -> None:
    """Start an instance of the warm pool, which becomes one of its group."""
    group = instance.autoscaling_group
    instance._state.name, instance._state.code = "pending", 0
    pool = warm_instances(group)
    group.instance_states += [member for member in pool if member.instance.id == instance.id]
    pool[:] = [member for member in pool if member.instance.id != instance.id]
    _begin_activity(backend, group, LAUNCH_FROM_POOL, cause, instance.id)


def _security_groups(group: Any) -> list[str]:
    """The launch template's security groups, its own and those of its network interfaces."""
    if not group.ec2_launch_template:
        return []
    data = group.ec2_launch_template.get_version(group.launch_template_version).data
    groups = list(data.get("SecurityGroupIds") or [])
    for interface in data.get("NetworkInterfaces") or []:
        groups += interface.get("Groups") or interface.get("SecurityGroupId") or []
    return groups


def set_running(instance: Any) -> None:
    """Mark an instance as running."""
    instance._state.name, instance._state.code = "running", 16


def set_stopped(backend: AutoScalingBackend, instance: Any) -> None:
    """Mark an instance of the warm pool as stopped, which completes its launch."""
    instance._state.name, instance._state.code = "stopped", 80
    complete_launch(backend, instance)


def complete_launch(backend: AutoScalingBackend, instance: Any) -> None:
    """Complete the scaling activity of a launch."""
    _complete_activities(backend, instance.id)


def begin_termination(backend: AutoScalingBackend, instance: Any, cause: str) -> None:
    """Begin the termination of an instance."""
    group = instance.autoscaling_group
    _begin_activity(backend, group, "Terminating EC2 instance", cause, instance.id)


def complete_termination(backend: AutoScalingBackend, instance: Any) -> None:
    """Complete the termination of an instance."""
    if instance.state not in ("terminated", "shutting-down"):
        backend.ec2_backend.terminate_instances([instance.id])
    group = instance.autoscaling_group
    group.instance_states = [s for s in group.instance_states if s.instance.id != instance.id]
    pool = warm_instances(group)
    pool[:] = [member for member in pool if member.instance.id != instance.id]
    _complete_activities(backend, instance.id)


def record_failed_launch(backend: AutoScalingBackend, failed: LaunchFailed) -> None:
    """Record a launch that failed in a group or its warm pool."""
    group = backend.autoscaling_groups[failed.group]
    description = LAUNCH_INTO_POOL if failed.warm else LAUNCH
    activity = _begin_activity(backend, group, description, failed.cause, None)
    activity |= {
        "StatusCode": "Failed",
        "StatusMessage": f"{failed.reason} Launching EC2 instance failed.",
        "Progress": 100,
        "EndTime": moto_now(),
    }


def _begin_activity(
    backend: AutoScalingBackend, group: Any, description: str, cause: str, instance: str | None
) -> dict[str, Any]:
    now = moto_now()
    activity = {
        "ActivityId": str(uuid4()),
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": f"{description}: {instance}" if instance else description,
        "Cause": f"At {now:%Y-%m-%dT%H:%M:%SZ} {cause}.",
        "StartTime": now,
        "StatusCode": "InProgress",
        "Progress": 50,
        "Details": "{}",
        "instance": instance,
    }
    add_activity(backend, activity)
    return activity


def _complete_activities(backend: AutoScalingBackend, instance: str) -> None:
    for activity in activities(backend):
        if activity["instance"] == instance and activity["StatusCode"] == "InProgress":
            activity |= {"StatusCode": "Successful", "Progress": 100, "EndTime": moto_now()}
