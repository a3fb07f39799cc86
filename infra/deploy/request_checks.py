"""What is wrong with a deployment's request path: alarms, functions, queues, logs. Reads only."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from infra.deploy.aws import Aws, aws_action
from infra.deploy.finding import Finding, bad, good, warning
from infra.deploy.variables import Deployment

SINCE = timedelta(hours=1)
_LEVELS = ("ERROR", "CRITICAL")
_LINES = 50
_ALARMS_PAGE = "docs/operations.md, Alarms, says what each means and what to do."


def alarms(aws: Aws, deployment: Deployment) -> Iterator[Finding]:
    """The alarms for people that fire now: they notify the deployment's topic.

    Those that scale the fleet do not, nor do those of a deployment whose name begins alike.
    """
    with aws_action("cloudwatch:DescribeAlarms"):
        found = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{deployment.prefix}-")
    topic = f":{deployment.prefix}-alarms"
    for_people = [
        one
        for one in found["MetricAlarms"]
        if any(action.endswith(topic) for action in one.get("AlarmActions", []))
    ]
    firing = [one["AlarmName"] for one in for_people if one["StateValue"] == "ALARM"]
    if firing:
        yield bad("alarms", f"{', '.join(firing)}", _ALARMS_PAGE)
    else:
        yield good("alarms", f"none of the {len(for_people)} for people fires")


def functions(aws: Aws, deployment: Deployment) -> Iterator[Finding]:
    """Calls of the functions that Lambda refused or that failed within the last hour."""
    names = deployment.function_names
    throttles, errors = (_sums(aws, metric, names) for metric in ("Throttles", "Errors"))
    if throttles:
        yield bad(
            "functions",
            f"Lambda refused calls: {_listed(throttles)}",
            "The account's limit of calls at once is reached: the preflight prints the request.",
        )
    if errors:
        to_do = "Their log says why: the findings about logs below."
        yield warning("functions", f"calls failed: {_listed(errors)}", to_do)
    if not throttles and not errors:
        yield good("functions", "no call failed or was refused within an hour")


def queues(aws: Aws, deployment: Deployment) -> Iterator[Finding]:
    """How many jobs wait, and how many have failed for good."""
    waiting, in_work = queue_depth(aws, deployment.queue)
    failed = sum(queue_depth(aws, deployment.dead_letter_queue))
    yield good("queue", f"{waiting} jobs wait, {in_work} are drawn")
    if failed:
        to_do = f"Look for `job` in the log group {deployment.worker_log}."
        yield bad("failed jobs", f"{failed} in the dead-letter queue", to_do)


def logs(aws: Aws, deployment: Deployment) -> Iterator[Finding]:
    """The errors in the logs of the last hour, by what they say."""
    groups = [f"/aws/lambda/{name}" for name in deployment.function_names]
    for group in (*groups, deployment.worker_log):
        found = Counter(_message(line) for line in error_lines(aws, group))
        for message, times in found.most_common(3):
            yield warning(group, f"{message} ({times} times)", "Read the whole line in the log.")


def error_lines(aws: Aws, group: str) -> list[str]:
    """The lines of a log group with errors, of the last hour."""
    since = datetime.now(UTC) - SINCE
    return [line for level in _LEVELS for line in lines_with(aws, group, level, since)]


def lines_with(aws: Aws, group: str, text: str, since: datetime) -> list[str]:
    """The first lines of a log group with a text, since a time; none if there is no such group."""
    client, found = aws.client("logs"), list[str]()
    request = {
        "logGroupName": group,
        "startTime": int(since.timestamp() * 1000),
        "filterPattern": f'"{text}"',
    }
    with aws_action("logs:FilterLogEvents"):
        try:
            for page in client.get_paginator("filter_log_events").paginate(**request):
                lines = (str(event["message"]).rstrip() for event in page["events"])
                # The emulator ignores the pattern.
                found += [line for line in lines if text in line]
                if len(found) >= _LINES:
                    break
        except client.exceptions.ResourceNotFoundException:
            return []
    return found[:_LINES]


def queue_depth(aws: Aws, name: str) -> tuple[int, int]:
    """The messages that wait in a queue, and those in work."""
    client = aws.client("sqs")
    with aws_action("sqs:GetQueueAttributes"):
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
        found = client.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )["Attributes"]
    return (
        int(found["ApproximateNumberOfMessages"]),
        int(found["ApproximateNumberOfMessagesNotVisible"]),
    )


def _message(line: str) -> str:
    """What a line says, without what differs from line to line."""
    try:
        content = json.loads(line)
    except ValueError:
        return line[:200]
    parts = (content.get("message"), content.get("error"), content.get("reason"))
    return ": ".join(str(part) for part in parts if part)


def _sums(aws: Aws, metric: str, names: tuple[str, ...]) -> dict[str, int]:
    """The sum of a metric of each function within the last hour, without zeros."""
    end = datetime.now(UTC)
    client, found = aws.client("cloudwatch"), dict[str, int]()
    with aws_action("cloudwatch:GetMetricStatistics"):
        for name in names:
            points = client.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName=metric,
                Dimensions=[{"Name": "FunctionName", "Value": name}],
                StartTime=end - SINCE,
                EndTime=end,
                Period=3600,
                Statistics=["Sum"],
            )["Datapoints"]
            if total := sum(int(point["Sum"]) for point in points):
                found[name] = total
    return found


def _listed(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name} {number} times" for name, number in numbers.items())
