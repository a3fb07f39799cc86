"""What is wrong with a deployed fleet: service, tasks, instances and launches. Reads only."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, aws_action, error_code
from infra.deploy.failure_reasons import EVENTS, LAUNCHES, TASKS, Reason, explain
from infra.deploy.finding import Finding, Verdict, bad, good, warning
from infra.deploy.variables import Deployment

JOINS_WITHIN = timedelta(minutes=8)
"""An instance that has not joined the cluster by then will not do so any more. The scaling loop
ends it after `safeguards.join_seconds`, which is later, and its console goes with it."""
_RECENT = timedelta(hours=1)
_EVENTS, _ACTIVITIES = 10, 10
_CONSOLE_LINES = 15


def service(aws: Aws, deployment: Deployment) -> Iterator[Finding]:
    """The service: what is wanted and runs, the last deployment of it, and what it reports."""
    found = describe_service(aws, deployment)
    if found is None or found["status"] != "ACTIVE":
        to_do = "Deploy it: `make deploy-aws`."
        yield bad("service", f"{deployment.fleet_name} does not exist", to_do)
        return
    counts = f"{found['desiredCount']} tasks wanted, {found['runningCount']} running"
    primary: dict[str, Any] = next(
        (one for one in found["deployments"] if one["status"] == "PRIMARY"), {}
    )
    state, why = primary.get("rolloutState", ""), primary.get("rolloutStateReason", "")
    if state == "FAILED":
        to_do = "The stopped tasks say why. After the correction: `make deploy-aws`."
        yield bad("service", f"{counts}; the last deployment failed: {why}", to_do)
    elif found["desiredCount"] and not found["runningCount"]:
        to_do = "A start takes some minutes; if it does not end, the findings below say why."
        yield warning("service", f"{counts}; {found['pendingCount']} starting", to_do)
    else:
        yield good("service", f"{counts}; the last deployment: {state.lower() or 'unknown'}")
    since = datetime.now(UTC) - _RECENT
    recent = [one for one in found.get("events", [])[:_EVENTS] if one["createdAt"] > since]
    yield from _explained("service's events", [one["message"] for one in recent], EVENTS)


def stopped_tasks(aws: Aws, deployment: Deployment) -> Iterator[Finding]:
    """Why tasks have stopped lately, unless the service wanted it."""
    texts = [
        reason_of(task)
        for task in describe_stopped_tasks(aws, deployment)
        if task.get("stopCode") != "ServiceSchedulerInitiated"
    ]
    yield from _explained("stopped tasks", texts, TASKS)


def reason_of(task: dict[str, Any]) -> str:
    """All that ECS says about the end of a task."""
    parts = [str(task.get("stoppedReason", ""))]
    for container in task.get("containers", []):
        parts.append(str(container.get("reason") or ""))
        if container.get("exitCode") is not None:
            parts.append(f"exit code {container['exitCode']}")
    return "; ".join(dict.fromkeys(part for part in parts if part))


def launches(aws: Aws, deployment: Deployment) -> Iterator[Finding]:
    """Why Auto Scaling could not launch instances lately."""
    with aws_action("autoscaling:DescribeScalingActivities"):
        activities = aws.client("autoscaling").describe_scaling_activities(
            AutoScalingGroupName=deployment.fleet_name, MaxRecords=_ACTIVITIES
        )["Activities"]
    since = datetime.now(UTC) - _RECENT
    texts = [
        str(one.get("StatusMessage") or one.get("Description"))
        for one in activities
        if _has_failed(one) and one["StartTime"] > since
    ]
    yield from _explained("launches", texts, LAUNCHES)


def _has_failed(activity: Mapping[str, Any]) -> bool:
    """Whether Auto Scaling gave a launch up: it "cancels" that of an instance that dies before it
    is in service, as without the key of its disk. One that somebody ended has not failed.
    """
    if activity["StatusCode"] != "Cancelled":
        return bool(activity["StatusCode"] == "Failed")
    message = activity.get("StatusMessage", "")
    return bool(message) and "UserInitiated" not in message


def instances(aws: Aws, deployment: Deployment) -> Iterator[Finding]:
    """Instances that run and have not joined the cluster, with what their console shows."""
    members, joined = members_of(aws, deployment), registered(aws, deployment)
    if not members:
        return
    missing = [name for name in members if name not in joined]
    late = [name for name in missing if _age(aws, name) > JOINS_WITHIN]
    if late:
        minutes = int(JOINS_WITHIN.total_seconds() // 60)
        console = " | ".join(console_lines(aws, late[0])[-_CONSOLE_LINES:])
        yield bad(
            "instances",
            f"{', '.join(late)} did not join the cluster within {minutes} minutes; each costs "
            f"money. Its console ends: {console or 'nothing yet'}",
            "End them: `aws autoscaling terminate-instance-in-auto-scaling-group "
            f"--region {aws.region} --should-decrement-desired-capacity --instance-id {late[0]}`. "
            "Then send `make deploy-aws ARGS=collect` to who maintains this.",
        )
    elif missing:
        to_do = "Wait: a start takes some minutes."
        yield warning("instances", f"{', '.join(missing)} has not joined the cluster yet", to_do)
    else:
        yield good("instances", f"{len(members)} in the cluster: {', '.join(members)}")
    gone = [name for name, connected in joined.items() if not connected]
    if gone:
        to_do = "Nothing if they are being ended; else end them: their agent does not answer."
        yield warning("instances", f"no agent answers on {', '.join(gone)}", to_do)


def describe_service(aws: Aws, deployment: Deployment) -> dict[str, Any] | None:
    """The service as ECS describes it, None if there is none."""
    with aws_action("ecs:DescribeServices"):
        ecs = aws.client("ecs")
        try:
            answer = ecs.describe_services(
                cluster=deployment.prefix, services=[deployment.fleet_name]
            )
        except ecs.exceptions.ClusterNotFoundException:
            return None
    return next(iter(answer["services"]), None)


def describe_stopped_tasks(aws: Aws, deployment: Deployment) -> list[dict[str, Any]]:
    """Tasks that have stopped, as ECS describes them: it remembers them for an hour."""
    ecs, cluster = aws.client("ecs"), deployment.prefix
    with aws_action("ecs:ListTasks"):
        arns = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
    if not arns:
        return []
    with aws_action("ecs:DescribeTasks"):
        found: list[dict[str, Any]] = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    return found


def members_of(aws: Aws, deployment: Deployment) -> list[str]:
    """The ids of the Auto Scaling group's instances that are not being ended."""
    with aws_action("autoscaling:DescribeAutoScalingGroups"):
        groups = aws.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[deployment.fleet_name]
        )["AutoScalingGroups"]
    members = groups[0]["Instances"] if groups else []
    return [one["InstanceId"] for one in members if "Terminat" not in one["LifecycleState"]]


def registered(aws: Aws, deployment: Deployment) -> dict[str, bool]:
    """The instances of the cluster, and whether the agent of each is connected."""
    ecs, cluster = aws.client("ecs"), deployment.prefix
    with aws_action("ecs:ListContainerInstances"):
        arns = ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    if not arns:
        return {}
    with aws_action("ecs:DescribeContainerInstances"):
        found = ecs.describe_container_instances(cluster=cluster, containerInstances=arns)
    return {one["ec2InstanceId"]: one["agentConnected"] for one in found["containerInstances"]}


def console_lines(aws: Aws, instance: str) -> list[str]:
    """The last lines of an instance's console, which EC2 keeps for a while after its end."""
    with aws_action("ec2:GetConsoleOutput"):
        output = aws.client("ec2").get_console_output(InstanceId=instance).get("Output") or ""
    return [line.strip() for line in output.splitlines() if line.strip()]


def _age(aws: Aws, instance: str) -> timedelta:
    """The time since the launch; none for an instance that EC2 does not know yet.

    https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
    """
    with aws_action("ec2:DescribeInstances"):
        try:
            found = aws.client("ec2").describe_instances(InstanceIds=[instance])
        except ClientError as error:
            if error_code(error) != "InvalidInstanceID.NotFound":
                raise
            return timedelta()
    reservations = found["Reservations"]
    launched = reservations[0]["Instances"][0]["LaunchTime"] if reservations else datetime.now(UTC)
    return datetime.now(UTC) - launched


def _explained(name: str, texts: list[str], reasons: tuple[Reason, ...]) -> Iterator[Finding]:
    """A finding for each kind of failure among the texts, the most frequent first."""
    for text, times in Counter(texts).most_common():
        row = explain(text, reasons)
        if row:
            yield Finding(name, Verdict.BAD, f"{row.meaning} ({times} times): {text}", row.to_do)
        elif reasons is not EVENTS:
            to_do = "Read AWS's words; they are not among those that are explained here."
            yield bad(name, f"{text} ({times} times)", to_do)
