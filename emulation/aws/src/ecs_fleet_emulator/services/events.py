"""EventBridge of LocalStack, with exact schedules, whose rates `alarm_speed` divides.

LocalStack checks all schedules "approximately every minute" after the start of its own loop.

A rate of minutes that is shortened to seconds waits longer, at most for the whole minutes, while a
state machine that the rule started is still running. On a slow machine unfinished executions would
accumulate otherwise.
"""

import logging
import math
import re
import threading
from collections.abc import Callable
from typing import Any

from localstack.services.events.provider import EventsProvider
from localstack.services.events.scheduler import CronTab, Job, JobScheduler
from localstack.services.plugins import Service
from localstack.utils.patch import patch

from ecs_fleet_emulator.clock.advance import ADVANCER
from ecs_fleet_emulator.clock.moved_clock import CLOCK
from ecs_fleet_emulator.errors import InvalidScheduleError
from ecs_fleet_emulator.fleet.agent import FleetAgent
from ecs_fleet_emulator.simulation.scaling_schedules import crontab_fields

from . import events_ecs, stepfunctions

LOG = logging.getLogger(__name__)

POLL_SECONDS = 0.25
# What LocalStack makes of rate(N minutes).
_RATE = re.compile(r"\*/(\d+) \* \* \* \*")
# AWS's cron has the year, too.
_AWS_FIELDS = 6
_OWNER = "fleet_owner"
_RULE = "fleet_rule"


def service(agent: FleetAgent) -> Service:
    """EventBridge, with exact rates that are divided by `alarm_speed`."""
    events_ecs.register()

    def loop(scheduler: JobScheduler, *_: object) -> None:
        """Run every job at its times; a rate for the first time after its first interval."""
        schedules = _Schedules(agent, scheduler)
        ADVANCER.sources["schedules"] = schedules
        while not scheduler._stop_event.wait(POLL_SECONDS):
            schedules.run_jobs()

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


class _Schedules:
    """The jobs of LocalStack's scheduler, each with the wait for its next run."""

    def __init__(self, agent: FleetAgent, scheduler: JobScheduler) -> None:
        self._agent, self._scheduler = agent, scheduler
        self._waits: dict[str, _Wait] = {}
        self._runs: list[threading.Thread] = []
        self._acted = False
        """Whether a job was run since the last `run_due`."""
        self._lock = threading.Lock()

    def due(self) -> float | None:
        """The moment of the next run."""
        with self._lock:
            return min((wait.due for wait in self._present().values()), default=None)

    def run_due(self) -> bool:
        """Run the jobs whose time has come.

        Whether there was one since the last call: where time is moved, the scheduler's thread may
        find before its mover what is due then.
        """
        self.run_jobs()
        with self._lock:
            acted, self._acted = self._acted, False
            return acted

    def run_jobs(self) -> None:
        """Run the jobs whose time has come."""
        with self._lock:
            waits = self._present()
            for job in list(self._scheduler.jobs):
                wait = waits.get(job.job_id)
                if wait is not None and wait.is_over:
                    waits[job.job_id] = _Wait(self._agent, job)
                    self._acted |= self._run(job)

    def busy(self) -> str:
        """Targets that are being called."""
        with self._lock:
            self._runs = [run for run in self._runs if run.is_alive()]
            return "rules whose targets are being called" if self._runs else ""

    def _present(self) -> "dict[str, _Wait]":
        jobs = list(self._scheduler.jobs)
        known, self._waits = self._waits, {}
        for job in jobs:
            self._waits[job.job_id] = known.get(job.job_id) or _Wait(self._agent, job)
        return self._waits

    def _run(self, job: Job) -> bool:
        if owner := getattr(job.job_func, _OWNER, None):
            stepfunctions.delete_old_executions(*owner)
        if job.is_enabled:
            run = threading.Thread(target=job.job_func, name="events-job-run", daemon=True)
            run.start()
            self._runs = [*(one for one in self._runs if one.is_alive()), run]
        return bool(job.is_enabled)


def _calendar_seconds(schedule: str) -> float:
    """The seconds until the next time of a schedule; its days of the week have AWS's numbers."""
    try:
        fields = crontab_fields(schedule) if len(schedule.split()) == _AWS_FIELDS else schedule
        return CronTab(fields).next(default_utc=True) or math.inf
    except (InvalidScheduleError, ValueError) as error:
        LOG.error("not emulated: the schedule of a rule never comes: %s", error)
        return math.inf


class _Wait:
    """The wait from a job's creation, or its last run, to its next one."""

    def __init__(self, agent: FleetAgent, job: Job) -> None:
        self._agent, self._job = agent, job
        self._began = CLOCK.monotonic()
        self._rate = _RATE.fullmatch(job.schedule)
        self._calendar_seconds = _calendar_seconds(job.schedule)

    @property
    def due(self) -> float:
        """The moment of the next run: the latest one while an execution of the last run goes on."""
        if self._rate is None:
            return self._began + self._calendar_seconds
        interval = int(self._rate[1]) * 60
        shortened = self._began + interval / self._agent.settings(*self._owner).alarm_speed
        waits = shortened <= CLOCK.monotonic() and self._is_waited_for()
        return self._began + interval if waits else shortened

    @property
    def is_over(self) -> bool:
        """Whether it is time to run the job."""
        return CLOCK.monotonic() >= self.due

    @property
    def _owner(self) -> tuple[str, str]:
        owner: tuple[str, str] = getattr(self._job.job_func, _OWNER)
        return owner

    def _is_waited_for(self) -> bool:
        """Whether a state machine that the rule started still runs."""
        targets = getattr(self._job.job_func, _RULE).targets.values()
        arns = {target["Arn"] for target in list(targets) if ":states:" in target["Arn"]}
        return stepfunctions.is_any_running(self._owner, arns)
