"""Collects what is needed to understand a sick deployment, in one file to send to somebody.

It holds descriptions, activities, logs and the findings: no message of the queue, no item of the
table, no variable of a function; what looks like a token is removed.
"""

import json
import platform
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from infra.deploy import fleet_checks
from infra.deploy.aws import Aws, aws_action
from infra.deploy.errors import AwsError
from infra.deploy.finding import Finding
from infra.deploy.redaction import redacted
from infra.deploy.variables import Deployment

_LOG_BYTES = 200_000
_LINES = 200


def collect(
    aws: Aws,
    deployment: Deployment,
    findings: tuple[Finding, ...],
    log: Path,
    into: Path,
    token: str | None,
) -> Path:
    """Write the archive into a folder; return its path.

    Args:
        aws: the account.
        deployment: what to collect about.
        findings: what preflight and diagnosis found.
        log: the log of Terraform's output.
        into: the folder.
        token: the bot token, which must not be in the file.
    """
    into.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = into / f"{deployment.prefix}-{stamp}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _parts(aws, deployment, findings, log):
            archive.writestr(name, redacted(text, token))
    return path


def _parts(
    aws: Aws, deployment: Deployment, findings: tuple[Finding, ...], log: Path
) -> Iterator[tuple[str, str]]:
    yield (
        "findings.txt",
        "\n".join(f"{one.verdict}: {one.name}: {one.found}\n  {one.to_do}" for one in findings),
    )
    yield "machine.txt", f"{platform.platform()}, Python {platform.python_version()}"
    yield "deployment.txt", repr(deployment)
    if log.exists():
        yield "terraform.log", log.read_text(errors="replace")[-_LOG_BYTES:]
    for name, read in _descriptions(aws, deployment):
        yield name, _answer(read)
    for group in deployment.log_groups:
        yield f"logs{group}.log", _answer(partial(last_lines, aws, group))


def _descriptions(aws: Aws, deployment: Deployment) -> Iterator[tuple[str, Callable[[], Any]]]:
    name = deployment.fleet_name
    yield "service.json", lambda: fleet_checks.describe_service(aws, deployment)
    yield "stopped_tasks.json", lambda: fleet_checks.describe_stopped_tasks(aws, deployment)
    yield "cluster_instances.json", lambda: fleet_checks.registered(aws, deployment)
    yield (
        "activities.json",
        lambda: aws.client("autoscaling").describe_scaling_activities(
            AutoScalingGroupName=name, MaxRecords=50
        )["Activities"],
    )
    yield (
        "group.json",
        lambda: aws.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[name]
        )["AutoScalingGroups"],
    )
    yield (
        "alarms.json",
        lambda: aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{deployment.prefix}-")[
            "MetricAlarms"
        ],
    )
    yield (
        "consoles.json",
        lambda: {
            instance: fleet_checks.console_lines(aws, instance)[-_LINES:]
            for instance in fleet_checks.members_of(aws, deployment)
        },
    )


def last_lines(aws: Aws, group: str, count: int = _LINES) -> list[str]:
    """The last lines of a log group's newest stream; none if there is no such group."""
    client = aws.client("logs")
    with aws_action("logs:GetLogEvents"):
        try:
            streams = client.describe_log_streams(
                logGroupName=group, orderBy="LastEventTime", descending=True, limit=1
            )["logStreams"]
            if not streams:
                return []
            events = client.get_log_events(
                logGroupName=group, logStreamName=streams[0]["logStreamName"], limit=count
            )["events"]
        except client.exceptions.ResourceNotFoundException:
            return []
    return [str(event["message"]).rstrip() for event in events]


def _answer(read: Callable[[], Any]) -> str:
    """What a call answers, as text; or why it did not."""
    try:
        with aws_action("collecting"):
            found = read()
    except AwsError as error:
        return f"not collected: {error}"
    if isinstance(found, list) and all(isinstance(line, str) for line in found):
        return "\n".join(found)
    return json.dumps(found, indent=2, default=str)
