"""The calls of an instance with its role: those of the ECS agent, and of its user data.

Neither runs here: what the agent would ask ECS for is checked when the instance joins its cluster
and when it is drained, what the user data does in a warm pool when the instance boots.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
"""

from typing import Any

from discord_diffusion_emulator.errors import AccessDeniedError, RoleNotTakenError
from discord_diffusion_emulator.iam import account
from discord_diffusion_emulator.iam.sessions import RoleSession
from discord_diffusion_emulator.tasks.roles import authorize_pull

_SERVICE = "ec2"
# Registration, the connection over which tasks come, and the reports about them.
_WHILE_JOINED = (
    "DiscoverPollEndpoint",
    "RegisterContainerInstance",
    "Poll",
    "StartTelemetrySession",
    "SubmitContainerStateChange",
    "SubmitTaskStateChange",
)


def may_join(group: Any, instance_id: str, cluster: str, owner: tuple[str, str]) -> str:
    """Why the agent of a group's instance cannot join a cluster; empty if it can.

    `owner` is the account and the region.
    """
    session = _session(group, instance_id, owner)
    if session is None:
        return f"{instance_id} has no instance profile: its agent has no credentials"
    try:
        session.credentials()
        for operation in _WHILE_JOINED:
            session.authorize(f"ecs.{operation}", {"cluster": cluster})
    except (AccessDeniedError, RoleNotTakenError) as error:
        return f"{instance_id} cannot join {cluster}: {error}"
    return ""


def may_drain(group: Any, instance_id: str, cluster: str, owner: tuple[str, str]) -> str:
    """Why the agent cannot drain its instance at a Spot notice; empty if it can."""
    session = _session(group, instance_id, owner)
    if session is None:
        return f"{instance_id} has no instance profile: its agent has no credentials"
    given = {"cluster": cluster, "containerInstances": ["*"]}
    try:
        session.authorize("ecs.UpdateContainerInstancesState", given)
    except AccessDeniedError as error:
        return f"{instance_id} is not drained: {error}"
    return ""


def may_complete_hook(group: Any, instance_id: str, _cluster: str, owner: tuple[str, str]) -> str:
    """Why an instance cannot complete its group's launch hook; empty if it can."""
    session = _session(group, instance_id, owner)
    if session is None:
        return f"{instance_id} has no instance profile: it cannot complete a lifecycle action"
    try:
        session.authorize(
            "autoscaling.CompleteLifecycleAction", {"AutoScalingGroupName": group.name}
        )
    except AccessDeniedError as error:
        return f"{instance_id} completes no lifecycle action: {error}"
    return ""


def may_pull(
    group: Any, instance_id: str, _cluster: str, owner: tuple[str, str], image: str
) -> str:
    """Why an instance of a warm pool cannot pull an image; empty if it can."""
    session = _session(group, instance_id, owner)
    if session is None:
        return f"{instance_id} has no instance profile: it cannot pull {image}"
    try:
        authorize_pull(session, image)
    except AccessDeniedError as error:
        return f"{instance_id} cannot pull {image}: {error}"
    return ""


def _session(group: Any, instance_id: str, owner: tuple[str, str]) -> RoleSession | None:
    template = group.ec2_launch_template
    data = template.get_version(group.launch_template_version).data if template else {}
    role_arn = account.role_of_profile(owner[0], data.get("IamInstanceProfile") or {})
    if role_arn is None:
        return None
    arn = f"arn:aws:ec2:{owner[1]}:{owner[0]}:instance/{instance_id}"
    return RoleSession(role_arn, _SERVICE, arn, instance_id, owner[1])
