"""A moderator's stop: the jobs of a guild or a user end, however many wait, and are refunded."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest

from discord_diffusion.access.limits import Limits
from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.discord.original_response import Message
from discord_diffusion.functions.waiting import stopper
from discord_diffusion.functions.waiting.notifier import WaitingNotifier
from discord_diffusion.functions.waiting.stopper import Stopper
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.jobs.stop_order import StopOrder
from discord_diffusion.texts.catalogue import say
from tests.unit.aws.jobs_table import a_job, items, jobs_table, snowflake, usage

NOW = datetime.now(UTC)
LATER = snowflake(NOW, 1_000_000)
CHARGE = Charge(100, Limits(in_flight=20), 1)


@dataclass
class Messages:
    """The messages of all users, by token: queued until they are edited."""

    written: dict[str, str] = field(default_factory=dict)

    def read(self, _application_id: str, token: str) -> Message:
        if token in self.written:
            return Message("1", "ended", (), (), edited=True)
        return Message("1", "Queued", (), (f"cancel:{token}:0",))

    def write(self, _application_id: str, token: str, components: Any) -> None:
        self.written[token] = str(components)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    # moto's transactions copy the table: another thread's write would be lost.
    monkeypatch.setattr(stopper, "THREADS", 1)
    with jobs_table() as table:
        yield table


@dataclass
class Scene:
    """Jobs of several users, and what stops them."""

    table: Table
    messages: Messages = field(default_factory=Messages)
    now: float = 0.0
    step: float = 0.0

    def waiting(self, number: int, **changes: Any) -> Job:
        """A job that waits; its token is its id."""
        job = a_job(NOW, number, token=snowflake(NOW, number), **changes)
        assert JobStore(self.table).accept(job, charge=CHARGE)
        return job

    def run(self, **order: Any) -> dict[str, int]:
        jobs = JobStore(self.table)
        notifier = WaitingNotifier(jobs, Mock(), Mock(), self.messages, Mock())  # type: ignore[arg-type]
        return Stopper(jobs, notifier, self._clock).run(StopOrder("200", LATER, **order), NOW)

    def _clock(self) -> float:
        self.now += self.step
        return self.now

    def status(self, job: Job) -> str:
        return str(items(self.table)[f"job#{job.id}"]["status"])


def test_every_waiting_job_of_the_guild_is_stopped_refunded_and_its_message_says_so(
    table: Table,
) -> None:
    scene = Scene(table)
    mine, other = scene.waiting(1), scene.waiting(2, user_id="78", locale="ja")
    elsewhere = scene.waiting(3, guild_id="201")
    direct = scene.waiting(4, guild_id=None)
    assert scene.run() == {"stopped": 2, "drawn": 0, "left": 0}
    assert [scene.status(job) for job in (mine, other)] == ["cancelled"] * 2
    assert [scene.status(job) for job in (elsewhere, direct)] == ["queued"] * 2
    for job in (mine, other):
        assert say(job.locale, "failed.stopped_waiting") in scene.messages.written[job.token]
    assert len(scene.messages.written) == 2
    used = usage(table, mine.created_at)
    assert dict(used.used) == {"user": 200, "member": 0, "guild": 0, "deployment": 200}


def test_the_jobs_of_one_user_are_stopped_and_no_others(table: Table) -> None:
    scene = Scene(table)
    mine, other = scene.waiting(1), scene.waiting(2, user_id="78")
    assert scene.run(user_id="78")["stopped"] == 1
    assert (scene.status(mine), scene.status(other)) == ("queued", "cancelled")


def test_a_job_that_was_asked_for_after_the_order_goes_on(table: Table) -> None:
    scene = Scene(table)
    later = scene.waiting(2_000_000)
    assert scene.run() == {"stopped": 0, "drawn": 0, "left": 0}
    assert scene.status(later) == "queued"


def test_the_worker_of_a_job_that_is_drawn_is_told_to_stop(table: Table) -> None:
    scene, jobs = Scene(table), JobStore(table)
    drawn, waiting = scene.waiting(1), scene.waiting(2)
    jobs.begin(drawn.id)
    assert not jobs.has_stop_order(drawn.id)
    assert scene.run() == {"stopped": 1, "drawn": 1, "left": 0}
    assert jobs.has_stop_order(drawn.id)
    assert not jobs.has_stop_order(waiting.id)
    assert not jobs.has_stop_order("9"), "there is no such job"
    assert scene.status(drawn) == "drawing"
    assert jobs.finish(drawn.id, JobStatus.CANCELLED, charged_pictures=2)
    # Of four pictures two were drawn.
    assert usage(table, drawn.created_at).used["member"] == 50
    assert scene.run() == {"stopped": 0, "drawn": 0, "left": 0}, "a second time nothing is left"


def test_what_a_run_has_no_time_for_is_left_and_the_next_run_goes_on(table: Table) -> None:
    scene = Scene(table, step=5.0)
    jobs = [scene.waiting(number, user_id=str(number)) for number in range(1, 6)]
    runs = []
    while not runs or runs[-1]["left"]:
        runs.append(scene.run())
    assert [one["left"] for one in runs] == [3, 1, 0]
    assert {scene.status(job) for job in jobs} == {"cancelled"}
