"""Evaluates alarms as often as CloudWatch does, and carries out their scaling policies.

LocalStack evaluates an alarm once in all its evaluation periods together, knows only the actions of
SNS and Lambda, and acts once. CloudWatch evaluates every 10 s or every minute, and repeats a
scaling action as long as the alarm stays in its state.
"""

import logging
import re
from contextvars import ContextVar
from functools import partial
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.cloudwatch import alarm_scheduler, provider_v2
from localstack.services.cloudwatch.alarm_scheduler import AlarmScheduler
from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase
from localstack.services.cloudwatch.models import LocalStackMetricAlarm
from localstack.services.plugins import Service
from localstack.utils.patch import patch

from ecs_fleet_emulator.clock.advance import ADVANCER
from ecs_fleet_emulator.clock.timers import Timers
from ecs_fleet_emulator.fleet.agent import FleetAgent
from ecs_fleet_emulator.localemu_compat import keep_alarm_tags

from . import alarm_rules, datapoints, metric_store, state_reasons

LOG = logging.getLogger(__name__)

_ACTIONS = {
    alarm_rules.OK: "OKActions",
    alarm_rules.ALARM: "AlarmActions",
    alarm_rules.INSUFFICIENT_DATA: "InsufficientDataActions",
}
_SCALING_POLICY = re.compile(r"[^:]*:[^:]*:autoscaling:[^:]*:[^:]*:scalingPolicy(:|$)")
_PRINCIPALS = {"sns": "cloudwatch", "lambda_": "lambda.alarms.cloudwatch.amazonaws.com"}
_acting_alarm: ContextVar[str] = ContextVar("acting_alarm", default="")


class Alarms:
    """Evaluates all alarms, at the `alarm_speed` of a fleet agent's settings."""

    def __init__(self, agent: FleetAgent) -> None:
        self._agent = agent
        self._schedulers: list[AlarmScheduler] = []
        self._timers = Timers("alarms")
        ADVANCER.sources["alarms"] = self._timers

    def schedule(self, scheduler: AlarmScheduler, alarm_arn: str) -> None:
        """Evaluate an alarm regularly from now on."""
        alarm = _describe(alarm_arn)
        scheduler.delete_scheduler_for_alarm(alarm_arn)
        if alarm is None:
            return
        if reason := datapoints.unsupported_reason(alarm):
            LOG.warning("not emulated: the alarm %s is not evaluated: %s", alarm_arn, reason)
            return
        if scheduler not in self._schedulers:
            self._schedulers.append(scheduler)
        interval = alarm_rules.evaluation_interval(datapoints.period(alarm))
        scheduler.scheduled_alarms[alarm_arn] = self._timers.start(
            partial(self.evaluate, alarm_arn), period=interval / self._speed(alarm_arn)
        )

    def reschedule(self) -> None:
        """Evaluate all alarms at the present `alarm_speed`."""
        for scheduler in self._schedulers:
            for arn in list(scheduler.scheduled_alarms):
                self.schedule(scheduler, arn)

    def evaluate(self, alarm_arn: str) -> bool:
        """Evaluate an alarm: change its state, or repeat its scaling actions. Whether it did."""
        alarm = _describe(alarm_arn)
        if alarm is None:
            return False
        points = self._points(alarm_arn, alarm)
        rule = datapoints.rule(alarm)
        state = alarm_rules.evaluate(rule, points.values)
        if state is None or state == alarm["StateValue"]:
            return self._act(alarm, points)
        account, region = _account_and_region(alarm_arn)
        client: Any = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
        present = points.present()
        alarm_scheduler.update_alarm_state(
            client,
            alarm["AlarmName"],
            alarm["StateValue"],
            state,
            state_reasons.state_reason(rule, state, present),
            state_reasons.state_reason_data(alarm, datapoints.period(alarm), present),
        )
        return True

    def act(self, alarm_arn: str) -> None:
        """Carry out the scaling policies for an alarm's present state."""
        alarm = _describe(alarm_arn)
        if alarm is not None and datapoints.unsupported_reason(alarm) is None:
            self._act(alarm, self._points(alarm_arn, alarm))

    def drops_data(self, account: str, region: str, namespace: str) -> bool:
        """Whether to drop data for a namespace; counts the setting `drop_metric_points` down."""
        fleets = self._agent.regions.get((account, region))
        if namespace.startswith("AWS/") or fleets is None:
            return False
        left = fleets.settings.drop_metric_points
        if left:
            fleets.settings = fleets.settings.changed({"drop_metric_points": left - 1})
        return bool(left)

    def _speed(self, alarm_arn: str) -> float:
        return self._agent.settings(*_account_and_region(alarm_arn)).alarm_speed

    def _points(self, alarm_arn: str, alarm: Any) -> datapoints.DataPoints:
        owner = _account_and_region(alarm_arn)
        return datapoints.read(*owner, alarm, self._speed(alarm_arn))

    def _act(self, alarm: Any, points: datapoints.DataPoints) -> bool:
        actions = alarm.get(_ACTIONS[alarm["StateValue"]]) or []
        latest = next((value for value in reversed(points.values) if value is not None), None)
        if not alarm.get("ActionsEnabled", True) or latest is None:
            return False
        rule = datapoints.rule(alarm)
        policies = [action for action in actions if _SCALING_POLICY.match(action)]
        if policies:
            # Loads moto's backends, which most emulators never need.
            from ecs_fleet_emulator.fleet import scaling_policies
            from ecs_fleet_emulator.fleet.moto_records import AlarmedMetric

            seen = AlarmedMetric(alarm["AlarmName"], latest, rule.threshold, rule.above)
            for policy in policies:
                scaling_policies.carry_out(self._agent, policy, seen)
        return bool(policies)


def _describe(alarm_arn: str) -> Any:
    return alarm_scheduler.get_metric_alarm_details_for_alarm_arn(alarm_arn)


def _account_and_region(arn: str) -> tuple[str, str]:
    parts = arn.split(":")
    return parts[4], parts[3]


class _AlarmClients:
    """Clients with which CloudWatch acts for an alarm: they say so, as their targets' policies ask.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """

    def __init__(self, **given: Any) -> None:
        self._clients = connect_to(**given)

    def __getattr__(self, service: str) -> Any:
        client = getattr(self._clients, service)
        if service not in _PRINCIPALS:
            return client
        return client.request_metadata(
            source_arn=_acting_alarm.get(), service_principal=_PRINCIPALS[service]
        )


def _is_other_warning(record: logging.LogRecord) -> bool:
    """Whether a log record is not LocalStack's warning that it ignores scaling policies."""
    args = record.args
    return not (isinstance(args, tuple) and args and args[0] == "autoscaling")


def service(agent: FleetAgent) -> Service:
    """LocalStack's CloudWatch with the evaluation of alarms in this module."""
    metric_store.apply()
    alarms = Alarms(agent)
    agent.on_settings.append(alarms.reschedule)
    AlarmScheduler.schedule_metric_alarm = lambda scheduler, arn: alarms.schedule(scheduler, arn)
    alarm_scheduler.calculate_alarm_state = alarms.evaluate
    provider_v2.connect_to = _AlarmClients
    logging.getLogger(provider_v2.__name__).addFilter(_is_other_warning)

    @patch(provider_v2.CloudwatchProvider.set_alarm_state)  # type: ignore[untyped-decorator]
    def _set_alarm_state(
        original: Any, provider: Any, context: Any, alarm_name: str, *args: Any, **kwargs: Any
    ) -> None:
        arn = f"arn:aws:cloudwatch:{context.region}:{context.account_id}:alarm:{alarm_name}"
        _acting_alarm.set(arn)
        original(provider, context, alarm_name, *args, **kwargs)
        alarms.act(arn)

    @patch(LocalStackMetricAlarm.__init__)  # type: ignore[untyped-decorator]
    def _init_alarm(original: Any, self: Any, account: str, region: str, given: Any) -> None:
        """Keep the tags with which an alarm is created."""
        tags = given.pop("Tags", None)
        original(self, account, region, given)
        if tags:
            store = provider_v2.CloudwatchProvider.get_store(account, region)
            keep_alarm_tags(store, self.alarm["AlarmArn"], tags)

    @patch(CloudwatchDatabase.add_metric_data)  # type: ignore[untyped-decorator]
    def _add_metric_data(
        original: Any, database: Any, account: str, region: str, namespace: str, data: Any
    ) -> None:
        if alarms.drops_data(account, region, namespace):
            LOG.info("data points of %s are dropped, by drop_metric_points", namespace)
            return
        original(database, account, region, namespace, data)

    return Service.for_provider(provider_v2.CloudwatchProvider())
