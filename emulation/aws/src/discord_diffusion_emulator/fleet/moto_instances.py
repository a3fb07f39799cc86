"""EC2 instances and Auto Scaling's activities in moto's backends, as the mind decides them."""

from typing import Any
from uuid import uuid4

from moto.autoscaling.models import ASG_NAME_TAG, AutoScalingBackend, InstanceState

from discord_diffusion_emulator.fleet.moto_writer import moment
from discord_diffusion_emulator.services.autoscaling import activities
from discord_diffusion_emulator.simulation.state import Machine

ACTIVITIES = 500
_PENDING = ("pending", 0)
_RUNNING = ("running", 16)
_SHUTTING_DOWN = ("shutting-down", 32)


def launch(backend: AutoScalingBackend, machine: Machine, cause: str) -> Any:
    """Start an instance in its group; it is pending."""
    group = backend.autoscaling_groups[machine.group]
    template = group.ec2_launch_template
    tags = {**group.get_propagated_tags(), ASG_NAME_TAG: group.name, **group.instance_tags}
    subnets = (group.vpc_zone_identifier or "").split(",")
    reservation = backend.ec2_backend.run_instances(
        group.image_id,
        1,
        group.user_data,
        [],
        security_group_ids=_security_groups(group),
        instance_type=machine.instance_type,
        tags={"instance": tags},
        placement=group.availability_zones[0],
        launch_config=group.launch_config,
        launch_template={"LaunchTemplateId": template.id} if template else None,
        is_instance_type_default=False,
        associate_public_ip=None,
        subnet_id=subnets[machine.key % len(subnets)] or None,
        lifecycle="spot" if machine.spot else None,
    )
    instance = reservation.instances[0]
    instance.autoscaling_group = group
    if machine.spot:
        instance.lifecycle = "spot"
    _become(instance, _PENDING)
    group.instance_states.append(InstanceState(instance, lifecycle_state="Pending"))
    _begin(backend, group, f"Launching a new EC2 instance: {instance.id}", cause, instance.id)
    return instance


def _security_groups(group: Any) -> list[str]:
    """The launch template's security groups, wherever it names them."""
    if not group.ec2_launch_template:
        return []
    data = group.ec2_launch_template.get_version(group.launch_template_version).data
    named = list(data.get("SecurityGroupIds") or [])
    for interface in data.get("NetworkInterfaces") or []:
        named += interface.get("Groups") or interface.get("SecurityGroupId") or []
    return named


def in_service(backend: AutoScalingBackend, instance: Any) -> None:
    """The instance runs."""
    _become(instance, _RUNNING)
    _end(backend, instance.id)


def terminating(backend: AutoScalingBackend, instance: Any, cause: str) -> None:
    """The instance is going."""
    group = instance.autoscaling_group
    _begin(backend, group, f"Terminating EC2 instance: {instance.id}", cause, instance.id)


def terminated(backend: AutoScalingBackend, instance: Any) -> None:
    """The instance is gone."""
    if instance.state not in ("terminated", "shutting-down"):
        backend.ec2_backend.terminate_instances([instance.id])
    group = instance.autoscaling_group
    group.instance_states = [s for s in group.instance_states if s.instance.id != instance.id]
    _end(backend, instance.id)


def launch_failed(backend: AutoScalingBackend, name: str, reason: str, cause: str) -> None:
    """A launch that did not succeed."""
    group = backend.autoscaling_groups[name]
    activity = _begin(backend, group, "Launching a new EC2 instance", cause, None)
    activity |= {
        "StatusCode": "Failed",
        "StatusMessage": f"{reason} Launching EC2 instance failed.",
        "Progress": 100,
        "EndTime": moment(),
    }


def _become(instance: Any, state: tuple[str, int]) -> None:
    instance._state.name, instance._state.code = state


def _begin(
    backend: AutoScalingBackend, group: Any, description: str, cause: str, instance: str | None
) -> dict[str, Any]:
    now = moment()
    activity = {
        "ActivityId": str(uuid4()),
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": description,
        "Cause": f"At {now:%Y-%m-%dT%H:%M:%SZ} {cause}.",
        "StartTime": now,
        "StatusCode": "InProgress",
        "Progress": 50,
        "Details": "{}",
        "instance": instance,
    }
    kept = activities(backend)
    kept.insert(0, activity)
    del kept[ACTIVITIES:]
    return activity


def _end(backend: AutoScalingBackend, instance: str) -> None:
    for activity in activities(backend):
        if activity["instance"] == instance and activity["StatusCode"] == "InProgress":
            activity |= {"StatusCode": "Successful", "Progress": 100, "EndTime": moment()}
