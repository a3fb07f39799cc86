"""EventBridge's rates and the waits of Step Functions, as fast as the fleets' `alarm_speed` says.

LocalStack runs every schedule "approximately every minute", from whenever its own loop began.

A minute that was made a few seconds is longer on a machine that cannot do in them what AWS does in
a minute: it is over when the state machines that the last one started are done. Else each minute
adds to what is not done, until the machine does nothing but look at its queue.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from localstack.services.events.scheduler import CronTab, Job, JobScheduler
from localstack.utils.patch import patch

from discord_diffusion_emulator.cloudwatch.alarms import settings_of
from discord_diffusion_emulator.services import executions

LOOK_SECONDS = 0.25
# What LocalStack makes of rate(N minutes).
_MINUTES = re.compile(r"\*/(\d+) \* \* \* \*")
_PLACE = "fleet_place"
_RULE = "fleet_rule"


def mend_events() -> None:
    """Correct LocalStack's EventBridge. Called once, before it is loaded for serving."""
    from localstack.services.events.provider import EventsProvider

    JobScheduler.loop = _loop

    @patch(EventsProvider._get_scheduled_rule_job_function)  # type: ignore[untyped-decorator]
    def _job(
        original: Any, provider: Any, account: str, region: str, rule: Any
    ) -> Callable[..., None]:
        """Let a job know whose it is."""
        function: Callable[..., None] = original(provider, account, region, rule)
        setattr(function, _PLACE, (account, region))
        setattr(function, _RULE, rule)
        return function


def mend_waits() -> None:
    """Correct LocalStack's Step Functions. Called once, as above."""
    from localstack.services.stepfunctions.asl.component.state.state_wait.wait_function import (
        wait_function,
    )

    wait_function.WaitFunction._wait_interval = _wait


def _loop(scheduler: JobScheduler, *_: object) -> None:
    """Run every job when it is due, a rate for the first time once it is over."""
    begun: dict[str, _Turn] = {}
    while not scheduler._stop_event.wait(LOOK_SECONDS):
        jobs = list(scheduler.jobs)
        begun = {job.job_id: begun.get(job.job_id) or _Turn(job) for job in jobs}
        for job in jobs:
            if begun[job.job_id].over:
                begun[job.job_id] = _Turn(job)
                if place := getattr(job.job_func, _PLACE, None):
                    executions.forget_old(*place)
                if job.is_enabled:
                    job.do_run()


class _Turn:
    """From when a job was made, or ran, to when it runs next."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._begun = time.monotonic()
        self._rate = _MINUTES.fullmatch(job.schedule)
        self._by_calendar: float = CronTab(job.schedule).next(default_utc=True) or float("inf")

    @property
    def over(self) -> bool:
        """Whether the job is due."""
        since = time.monotonic() - self._begun
        if self._rate is None:
            return since >= self._by_calendar
        whole = int(self._rate[1]) * 60
        speed = settings_of(*getattr(self._job.job_func, _PLACE)).alarm_speed
        return since >= whole / speed and (since >= whole or not self._is_being_done)

    @property
    def _is_being_done(self) -> bool:
        """Whether a state machine that the rule starts has not ended."""
        targets = getattr(self._job.job_func, _RULE).targets.values()
        machines = {one["Arn"] for one in list(targets) if ":states:" in one["Arn"]}
        account, region = getattr(self._job.job_func, _PLACE)
        return executions.runs(account, region, machines)


def _wait(_function: Any, env: Any, wait_seconds: int) -> None:
    """A Wait state: until its time is over, or the execution."""
    owner = env.aws_execution_details
    speed = settings_of(owner.account, owner.region).alarm_speed
    end = time.monotonic() + wait_seconds / speed
    while env.is_running() and (left := end - time.monotonic()) > 0:
        env.program_state_event.wait(left)
