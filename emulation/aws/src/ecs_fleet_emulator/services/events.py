"""EventBridge of LocalStack, with exact schedules, whose rates `alarm_speed` divides.

LocalStack checks all schedules "approximately every minute" after the start of its own loop.

A rate of minutes that is shortened to seconds waits longer, at most for the whole minutes, while a
state machine that the rule started is still running. On a slow machine unfinished executions would
accumulate otherwise.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from localstack.services.events.provider import EventsProvider
from localstack.services.events.scheduler import CronTab, Job, JobScheduler
from localstack.services.plugins import Service
from localstack.utils.patch import patch

from ecs_fleet_emulator.fleet.agent import FleetAgent

from . import stepfunctions

POLL_SECONDS = 0.25
# What LocalStack makes of rate(N minutes).
_RATE = re.compile(r"\*/(\d+) \* \* \* \*")
_OWNER = "fleet_owner"
_RULE = "fleet_rule"


def service(agent: FleetAgent) -> Service:
    """EventBridge, with exact rates that are divided by `alarm_speed`."""

    def loop(scheduler: JobScheduler, *_: object) -> None:
        """Run every job at its times; a rate for the first time after its first interval."""
        waiting: dict[str, _Wait] = {}
        while not scheduler._stop_event.wait(POLL_SECONDS):
            jobs = list(scheduler.jobs)
            waiting = {job.job_id: waiting.get(job.job_id) or _Wait(agent, job) for job in jobs}
            for job in jobs:
                if waiting[job.job_id].is_over:
                    waiting[job.job_id] = _Wait(agent, job)
                    if owner := getattr(job.job_func, _OWNER, None):
                        stepfunctions.delete_old_executions(*owner)
                    if job.is_enabled:
                        job.do_run()

    JobScheduler.loop = loop

    @patch(EventsProvider._get_scheduled_rule_job_function)  # type: ignore[untyped-decorator]
    def _job_function(
        original: Any, provider: Any, account: str, region: str, rule: Any
    ) -> Callable[..., None]:
        """Attach its rule, account and region to a job."""
        function: Callable[..., None] = original(provider, account, region, rule)
        setattr(function, _OWNER, (account, region))
        setattr(function, _RULE, rule)
        return function

    return Service.for_provider(EventsProvider())


class _Wait:
    """The wait from a job's creation, or its last run, to its next one."""

    def __init__(self, agent: FleetAgent, job: Job) -> None:
        self._agent, self._job = agent, job
        self._began = time.monotonic()
        self._rate = _RATE.fullmatch(job.schedule)
        self._calendar_seconds: float = CronTab(job.schedule).next(default_utc=True) or float("inf")

    @property
    def is_over(self) -> bool:
        """Whether it is time to run the job."""
        waited = time.monotonic() - self._began
        if self._rate is None:
            return waited >= self._calendar_seconds
        interval = int(self._rate[1]) * 60
        owner = getattr(self._job.job_func, _OWNER)
        if waited >= interval:
            return True
        if waited < interval / self._agent.settings(*owner).alarm_speed:
            return False
        targets = getattr(self._job.job_func, _RULE).targets.values()
        arns = {target["Arn"] for target in list(targets) if ":states:" in target["Arn"]}
        return not stepfunctions.is_any_running(owner, arns)
