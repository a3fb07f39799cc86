"""CloudWatch's alarms: looked at as often as CloudWatch does, and carrying out scaling policies.

LocalStack looks at an alarm once in all its evaluation periods together, knows the actions of SNS
and Lambda only, and acts once. CloudWatch looks every 10 s or every minute, and repeats a scaling
action as long as the alarm stays in its state.
"""

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.cloudwatch import alarm_scheduler as localstacks
from localstack.services.cloudwatch import provider_v2
from localstack.services.cloudwatch.alarm_scheduler import AlarmScheduler
from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase
from localstack.services.cloudwatch.models import LocalStackMetricAlarm
from localstack.utils.patch import patch

from discord_diffusion_emulator.cloudwatch import alarm_rules as alarms
from discord_diffusion_emulator.cloudwatch import datapoints as points
from discord_diffusion_emulator.simulation.settings import Settings

LOG = logging.getLogger(__name__)

_ACTIONS = {
    alarms.OK: "OKActions",
    alarms.ALARM: "AlarmActions",
    alarms.INSUFFICIENT_DATA: "InsufficientDataActions",
}
# Heavy, and of no use before there is a fleet.
AGENT = "discord_diffusion_emulator.fleet.agent"

_schedulers: list[AlarmScheduler] = []


def _account_and_region(arn: str) -> tuple[str, str]:
    parts = arn.split(":")
    return parts[4], parts[3]


def settings_of(account: str, region: str) -> Settings:
    """The settings of a region's fleets. Takes no lock: alarms are looked at in their own time."""
    from discord_diffusion_emulator.fleet.agent import agent

    return agent().plane(account, region).settings


def mend() -> None:
    """Correct LocalStack's CloudWatch. Called once, before it is loaded for serving."""
    AlarmScheduler.schedule_metric_alarm = _schedule
    localstacks.calculate_alarm_state = look
    logging.getLogger(provider_v2.__name__).addFilter(_Carried())

    @patch(provider_v2.CloudwatchProvider.set_alarm_state)  # type: ignore[untyped-decorator]
    def _set_alarm_state(
        original: Callable[..., None],
        provider: Any,
        context: Any,
        alarm_name: str,
        state_value: str,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        original(provider, context, alarm_name, state_value, *args, **kwargs)
        arn = f"arn:aws:cloudwatch:{context.region}:{context.account_id}:alarm:{alarm_name}"
        details = localstacks.get_metric_alarm_details_for_alarm_arn(arn)
        if details is not None and points.refusal(details) is None:
            _act(details, _values(arn, details))

    @patch(LocalStackMetricAlarm.__init__)  # type: ignore[untyped-decorator]
    def _alarm(
        original: Callable[..., None], self: Any, account: str, region: str, given: Any
    ) -> None:
        """Keep the tags that an alarm is made with."""
        tags = given.pop("Tags", None)
        original(self, account, region, given)
        if tags:
            store = provider_v2.CloudwatchProvider.get_store(account, region)
            store.TAGS.tag_resource(self.alarm["AlarmArn"], tags)

    @patch(CloudwatchDatabase.add_metric_data)  # type: ignore[untyped-decorator]
    def _add(
        original: Callable[..., None],
        database: Any,
        account: str,
        region: str,
        namespace: str,
        data: Any,
    ) -> None:
        if not namespace.startswith("AWS/") and _lost(account, region):
            LOG.info("points of %s get lost, as asked for", namespace)
            return
        original(database, account, region, namespace, data)


class _Carried(logging.Filter):
    """Leaves out LocalStack's warning about actions that are carried out here."""

    def filter(self, record: logging.LogRecord) -> bool:
        args = record.args
        return not (isinstance(args, tuple) and args and args[0] == "autoscaling")


def _lost(account: str, region: str) -> bool:
    if AGENT not in sys.modules:
        return False
    from discord_diffusion_emulator.fleet.agent import agent

    plane = agent().plane(account, region)
    left = plane.settings.drop_metric_points
    if left:
        plane.settings = plane.settings.changed({"drop_metric_points": left - 1})
    return bool(left)


def _schedule(scheduler: AlarmScheduler, alarm_arn: str) -> None:
    """Look at an alarm from now on."""
    details = localstacks.get_metric_alarm_details_for_alarm_arn(alarm_arn)
    scheduler.delete_scheduler_for_alarm(alarm_arn)
    if details is None:
        return
    if refusal := points.refusal(details):
        LOG.warning("not emulated: the alarm %s is not evaluated: %s", alarm_arn, refusal)
        return
    if scheduler not in _schedulers:
        _schedulers.append(scheduler)
    speed = settings_of(*_account_and_region(alarm_arn)).alarm_speed
    scheduler.scheduled_alarms[alarm_arn] = scheduler.scheduler.schedule(
        func=look,
        period=alarms.interval(points.period(details)) / speed,
        fixed_rate=True,
        args=[alarm_arn],
        on_error=lambda error: LOG.error("could not look at %s: %r", alarm_arn, error),
    )


def reschedule() -> None:
    """Look at all alarms as often as the settings say by now."""
    for scheduler in _schedulers:
        for arn in list(scheduler.scheduled_alarms):
            _schedule(scheduler, arn)


def look(alarm_arn: str) -> None:
    """Look at an alarm: change its state, or repeat its scaling actions."""
    details = localstacks.get_metric_alarm_details_for_alarm_arn(alarm_arn)
    if details is None:
        return
    values = _values(alarm_arn, details)
    state = alarms.evaluated(points.rule(details), values)
    if state is None or state == details["StateValue"]:
        _act(details, values)
        return
    account, region = _account_and_region(alarm_arn)
    client: Any = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
    there = [value for value in values if value is not None]
    reason = f"Threshold Crossed: {len(there)} datapoints {there} against {details['Threshold']}."
    data = {
        "version": "1.0",
        "queryDate": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}+0000",
        "period": points.period(details),
        "recentDatapoints": there,
        "threshold": details["Threshold"],
    }
    localstacks.update_alarm_state(
        client, details["AlarmName"], details["StateValue"], state, reason, data
    )


def _values(alarm_arn: str, details: Any) -> list[float | None]:
    account, region = _account_and_region(alarm_arn)
    return points.read(account, region, details, settings_of(account, region).alarm_speed)


def is_policy(action: str) -> bool:
    """Whether an alarm's action is a scaling policy."""
    parts = action.split(":", 6)
    return len(parts) > 5 and parts[2] == "autoscaling" and parts[5] == "scalingPolicy"


def _act(details: Any, values: list[float | None]) -> None:
    """Carry out the scaling policies of the alarm's state."""
    actions = details.get(_ACTIONS[details["StateValue"]]) or []
    if not details.get("ActionsEnabled", True):
        return
    latest = next((value for value in reversed(values) if value is not None), None)
    if latest is None:
        return
    rule = points.rule(details)
    for action in filter(is_policy, actions):
        from discord_diffusion_emulator.services import scaling_policies as policies

        name = details["AlarmName"]
        policies.carry_out(action, name, latest - rule.threshold, above=rule.above)
