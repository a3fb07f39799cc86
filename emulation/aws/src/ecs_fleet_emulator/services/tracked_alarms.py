"""The alarms that AWS's scaling services make in CloudWatch for a policy of target tracking.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from localstack.aws.connect import connect_to

from ecs_fleet_emulator.cloudwatch import datapoints
from ecs_fleet_emulator.fleet.moto_records import TrackedAlarm
from ecs_fleet_emulator.fleet.scaling_policies import CREATED_BY
from ecs_fleet_emulator.simulation.target_tracking import (
    HIGH_PERIODS,
    LOW_PERIODS,
    low_threshold,
    unsupported_target,
)

from .moto_service import refuse

_PERIOD = 60
_METRIC = ("Namespace", "MetricName", "Dimensions", "Unit", "Statistic")


@dataclass(frozen=True)
class TrackedPolicy:
    """A policy of target tracking. `metric` has PutMetricAlarm's parameters for its metric.

    `resource` is in the alarms' names; `low_share` of the target is the threshold of scale-in.
    """

    arn: str
    resource: str
    metric: Mapping[str, Any]
    target: float
    low_share: float
    scales_in: bool


def check_target(configuration: Mapping[str, Any]) -> None:
    """Check the target of a configuration of target tracking.

    Raises:
        NotImplementedError: it is not emulated; the text says why.
    """
    if reason := unsupported_target(float(configuration["TargetValue"])):
        refuse(reason)


def customized_metric(specification: Mapping[str, Any]) -> dict[str, Any]:
    """PutMetricAlarm's parameters for a CustomizedMetricSpecification: a metric, or metric math."""
    queries = specification.get("Metrics")
    if queries:
        return {"Metrics": [_query(query) for query in queries]}
    metric = {name: specification[name] for name in _METRIC if specification.get(name)}
    return {"Period": specification.get("Period") or _PERIOD, **metric}


def unsupported_reason(metric: Mapping[str, Any]) -> str | None:
    """Why a metric can't be tracked; None if it can."""
    rule = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.0}
    return datapoints.unsupported_reason({**rule, **metric})


def put(
    account: str, region: str, policy: TrackedPolicy, old: Sequence[TrackedAlarm]
) -> tuple[TrackedAlarm, ...]:
    """Make the alarms of a policy, or change its `old` ones; without scale-in there is no low one.

    Which alarms there are without scale-in, and the share of the target below which one scales in,
    is what accounts show; AWS documents neither.
    """
    client: Any = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
    rules: list[tuple[str, str, int, float]] = [
        ("High", "GreaterThanThreshold", HIGH_PERIODS, policy.target)
    ]
    if policy.scales_in:
        threshold = low_threshold(policy.target, policy.low_share)
        rules.append(("Low", "LessThanThreshold", LOW_PERIODS, threshold))
    names = {}
    for way, comparison, periods, threshold in rules:
        mark = f"TargetTracking-{policy.resource}-Alarm{way}-"
        names[way] = next((a.name for a in old if a.name.startswith(mark)), f"{mark}{uuid4()}")
        client.put_metric_alarm(
            AlarmName=names[way],
            AlarmDescription=(
                f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}."
            ),
            AlarmActions=[f"{policy.arn}{CREATED_BY}{uuid4()}"],
            ComparisonOperator=comparison,
            EvaluationPeriods=periods,
            Threshold=threshold,
            **policy.metric,
        )
    delete(account, region, [alarm for alarm in old if alarm.name not in names.values()])
    prefix = f"arn:aws:cloudwatch:{region}:{account}:alarm:"
    return tuple(TrackedAlarm(name, prefix + name) for name in names.values())


def delete(account: str, region: str, alarms: Sequence[TrackedAlarm]) -> None:
    """Delete alarms of a policy."""
    if alarms:
        client: Any = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
        client.delete_alarms(AlarmNames=[alarm.name for alarm in alarms])


def shown(alarms: Sequence[TrackedAlarm]) -> list[dict[str, str]]:
    """The alarms as both services describe them."""
    return [{"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn} for alarm in alarms]


def _query(given: Mapping[str, Any]) -> dict[str, Any]:
    """A query of a specification, with the period that PutMetricAlarm wants."""
    query = {name: given[name] for name in ("Id", "Expression", "Label") if given.get(name)}
    query["ReturnData"] = given.get("ReturnData", True)
    period = given.get("Period") or _PERIOD
    if stat := given.get("MetricStat"):
        query["MetricStat"] = {"Period": stat.get("Period") or period, **stat}
    elif "Period" in given:
        query["Period"] = period
    return query
