"""Launches and terminates EC2 instances in moto's backends, with their scaling activities."""

from typing import Any
from uuid import uuid4

from moto.autoscaling.models import ASG_NAME_TAG, AutoScalingBackend, InstanceState

from discord_diffusion_emulator.simulation.state import Instance

from .moto_records import activities, add_activity, moto_now


def launch(backend: AutoScalingBackend, instance: Instance, cause: str) -> Any:
    """Launch an instance of the simulation in its group; moto's instance, which is pending."""
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
    group.instance_states.append(InstanceState(launched, lifecycle_state="Pending"))
    _begin_activity(backend, group, "Launching a new EC2 instance", cause, launched.id)
    return launched


def _security_groups(group: Any) -> list[str]:
    """The launch template's security groups, its own and those of its network interfaces."""
    if not group.ec2_launch_template:
        return []
    data = group.ec2_launch_template.get_version(group.launch_template_version).data
    groups = list(data.get("SecurityGroupIds") or [])
    for interface in data.get("NetworkInterfaces") or []:
        groups += interface.get("Groups") or interface.get("SecurityGroupId") or []
    return groups


def complete_launch(backend: AutoScalingBackend, instance: Any) -> None:
    """Mark an instance as running."""
    instance._state.name, instance._state.code = "running", 16
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
    _complete_activities(backend, instance.id)


def record_failed_launch(backend: AutoScalingBackend, name: str, reason: str, cause: str) -> None:
    """Record a launch that failed in the group `name`."""
    group = backend.autoscaling_groups[name]
    activity = _begin_activity(backend, group, "Launching a new EC2 instance", cause, None)
    activity |= {
        "StatusCode": "Failed",
        "StatusMessage": f"{reason} Launching EC2 instance failed.",
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
