"""The calls of an instance with its role: those of the ECS agent, and of its user data.

Neither runs here: the rights with which the agent would join its cluster and stay there are checked
when the instance joins, those of the user data in a warm pool when the instance boots. At a Spot
notice the instance asks ECS to drain it, as on AWS.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-spot.html
"""

from typing import Any

from botocore.exceptions import ClientError

from ecs_fleet_emulator.errors import AccessDeniedError, RoleNotTakenError
from ecs_fleet_emulator.iam import account
from ecs_fleet_emulator.iam.sessions import RoleSession
from ecs_fleet_emulator.tasks.roles import authorize_pull

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


def session(group: Any, instance_id: str, owner: tuple[str, str]) -> RoleSession | None:
    """The session of the role of a group's instance; None if it has no instance profile.

    `owner` is the account and the region.
    """
    template = group.ec2_launch_template
    data = template.get_version(group.launch_template_version).data if template else {}
    role_arn = account.role_of_profile(owner[0], data.get("IamInstanceProfile") or {})
    if role_arn is None:
        return None
    arn = f"arn:aws:ec2:{owner[1]}:{owner[0]}:instance/{instance_id}"
    return RoleSession(role_arn, _SERVICE, arn, instance_id, owner[1])


def may_join(agent: RoleSession | None, cluster: str) -> str:
    """Why the agent of an instance cannot join a cluster; empty if it can."""
    if agent is None:
        return f"An instance cannot join {cluster}: without a profile its agent has no credentials"
    try:
        agent.credentials()
        for operation in _WHILE_JOINED:
            agent.authorize(f"ecs.{operation}", {"cluster": cluster})
    except (AccessDeniedError, RoleNotTakenError) as error:
        return f"{agent.name} cannot join {cluster}: {error}"
    return ""


def drain(agent: RoleSession | None, container: Any) -> str:
    """Ask ECS to drain a container instance; why it is not drained, empty if it is."""
    if agent is None:
        return "An instance is not drained: without a profile its agent has no credentials"
    try:
        agent.clients().ecs.update_container_instances_state(
            cluster=container.cluster_name,
            containerInstances=[container.container_instance_arn],
            status="DRAINING",
        )
    except (ClientError, RoleNotTakenError) as error:
        return f"{agent.name} is not drained: {error}"
    return ""


def may_complete_hook(instance: RoleSession | None, group: str) -> str:
    """Why an instance cannot complete its group's launch hook; empty if it can."""
    if instance is None:
        return f"An instance of {group} completes no lifecycle action: it has no instance profile"
    try:
        instance.authorize("autoscaling.CompleteLifecycleAction", {"AutoScalingGroupName": group})
    except AccessDeniedError as error:
        return f"{instance.name} completes no lifecycle action: {error}"
    return ""


def may_pull(instance: RoleSession | None, image: str) -> str:
    """Why an instance of a warm pool cannot pull an image; empty if it can."""
    if instance is None:
        return f"An instance cannot pull {image}: it has no instance profile"
    try:
        authorize_pull(instance, image)
    except AccessDeniedError as error:
        return f"{instance.name} cannot pull {image}: {error}"
    return ""
