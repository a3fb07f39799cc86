"""Checks Auto Scaling requests as AWS does."""

from collections.abc import Mapping
from typing import Any

from localstack.aws.api import CommonServiceException
from moto.autoscaling.models import AutoScalingBackend

Request = Mapping[str, Any]


def check_group(backend: AutoScalingBackend, request: Request) -> None:
    """Check the sizes that a group has after a request.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html
    """
    group = backend.autoscaling_groups.get(request["AutoScalingGroupName"])

    def size(name: str, attribute: str) -> int | None:
        given = request.get(name)
        return given if given is not None else getattr(group, attribute, None)

    minimum, maximum = size("MinSize", "min_size"), size("MaxSize", "max_size")
    if minimum is not None and maximum is not None and int(minimum) > int(maximum):
        raise _invalid(f"Min bound, {minimum}, must be less than or equal to max bound, {maximum}")
    desired = request.get("DesiredCapacity")
    if desired is None or minimum is None or maximum is None:
        return
    if not int(minimum) <= desired <= int(maximum):
        raise _invalid(
            f"Desired capacity:{desired} must be between the specified min size:{minimum}"
            f" and max size:{maximum}"
        )


def check_deletion(backend: AutoScalingBackend, request: Request) -> None:
    """Refuse to delete a group with instances, unless it is forced.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html
    """
    group = backend.autoscaling_groups.get(request["AutoScalingGroupName"])
    if group is not None and group.instance_states and not request.get("ForceDelete"):
        text = (
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot"
            " instance request(s) still in the group."
        )
        raise CommonServiceException("ResourceInUse", text, sender_fault=True)


def _invalid(text: str) -> CommonServiceException:
    return CommonServiceException("ValidationError", text, sender_fault=True)
