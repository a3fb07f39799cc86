"""Jobs are admitted or refused, whatever the table, the queue and the fleet answer."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from discord_diffusion.aws.errors import (
    QueueError,
    ServiceUnavailableError,
    StoreUnavailableError,
)
from discord_diffusion.aws.queue import QueueDepth
from discord_diffusion.fleet.pace import DrawnBatch, MeasuredPace
from discord_diffusion.fleet.state import FleetState
from discord_diffusion.fleet.work import Work
from discord_diffusion.functions.interactions.admission import (
    DEPTH_WITHIN_SECONDS,
    FLEET_STATE_CACHE_SECONDS,
    WAKE_INTERVAL_SECONDS,
)
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate, WaitKind
from tests.messages import is_ephemeral, text_of
from tests.unit.functions.conftest import SETTINGS, Caller, imagine, make_caller

DOWN = StoreUnavailableError("ConnectTimeoutError")


def imagine_from(seconds_ago: float, **options: Any) -> dict[str, Any]:
    """`/imagine`, in an interaction of so many seconds ago."""
    milliseconds = int((time.time() - seconds_ago) * 1000) - 1_420_070_400_000
    return imagine(prompt="a star", **options) | {"id": str(milliseconds << 22)}


def content(answer: dict[str, Any]) -> str:
    text: str = text_of(answer["data"])
    return text


def test_a_sleeping_fleet_is_woken_by_the_first_job_and_not_again_by_the_next(
    caller: Caller,
) -> None:
    assert "asleep" in content(caller.content(imagine(prompt="a star")))
    assert "About 1 ahead of you" in content(caller.content(imagine(prompt="a moon")))
    assert caller.wake.starts == 1


def test_a_job_is_charged_what_it_costs(caller: Caller) -> None:
    payload = imagine(prompt="a star", count=2)
    caller.content(payload)
    (charge,) = caller.store.charges
    assert charge
    assert charge.units == SETTINGS.tariff.cost(caller.queue.jobs[0].parameters) == 250
    assert charge.limits == SETTINGS.limits
    assert caller.store.records[payload["id"]].units == charge.units


def test_the_state_of_the_fleet_is_read_again_after_a_second(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[float] = []

    def get(job_id: str | None = None) -> Any:
        if job_id is None:
            reads.append(caller.clock.now)
        return caller.store.records.get(job_id) if job_id else caller.store.state

    monkeypatch.setattr(caller.store, "get", get)
    for later in (0.0, FLEET_STATE_CACHE_SECONDS - 0.25, 0.25, 0.25):
        caller.clock.now += later
        caller.content(imagine(prompt="a star"))
    assert reads == [1000.0, 1000.0 + FLEET_STATE_CACHE_SECONDS]


def test_a_fleet_that_still_sleeps_is_woken_again_after_the_interval(caller: Caller) -> None:
    for starts, later in ((1, 0.0), (1, WAKE_INTERVAL_SECONDS - 0.5), (2, 0.5)):
        caller.clock.now += later
        caller.content(imagine(prompt="a star"))
        assert caller.wake.starts == starts


def test_a_job_is_admitted_without_an_estimate_while_the_state_of_the_fleet_is_unknown(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(job_id: str | None = None) -> JobRecord | None:
        if job_id is None:
            raise DOWN
        return caller.store.records.get(job_id)

    monkeypatch.setattr(caller.store, "get", get)
    caller.queue.in_flight = 4
    payload = imagine(prompt="a star")
    assert "Queued" in content(caller.content(payload))
    assert caller.store.records[payload["id"]].wait == WaitEstimate(WaitKind.UNKNOWN, 4, None)
    assert caller.wake.starts == 0


def test_a_paused_fleet_is_not_woken() -> None:
    target = replace(SETTINGS.fleet.target, maximum=0)
    caller = make_caller(replace(SETTINGS, fleet=replace(SETTINGS.fleet, target=target)))
    assert "Queued" in content(caller.content(imagine(prompt="a star")))
    assert len(caller.queue.jobs) == 1
    assert caller.wake.starts == 0


def test_the_jobs_ahead_are_those_of_the_last_snapshot_while_the_depth_of_the_queue_is_unknown(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttle() -> QueueDepth:
        raise QueueError("ThrottlingException")

    monkeypatch.setattr(caller.queue, "depth", throttle)
    work = Work(jobs=5, users=4, units=20)
    caller.store.set_snapshot(visible=3, in_flight=2, running=1, desired=1, work=work)
    assert "About 5 ahead of you" in content(caller.content(imagine(prompt="a star")))
    assert len(caller.queue.jobs) == 1


def is_due_in(caller: Caller, seconds: float) -> bool:
    """Whether the user of a request is told that the pictures are there after so many seconds."""
    payload, began = imagine(prompt="a star"), datetime.now(UTC)
    answer = content(caller.content(payload))
    assert "Too many requests" not in answer
    wait = caller.store.records[payload["id"]].wait
    assert wait
    assert wait.due
    # The request was looked at between its beginning and its end, however long that took.
    estimated, rounding = wait.due - timedelta(seconds=seconds), timedelta(seconds=0.5)
    return began - rounding <= estimated <= datetime.now(UTC) + rounding


def test_the_expected_wait_follows_the_work_ahead(caller: Caller) -> None:
    """A usual job costs as much as the job of the request, and takes 10 s."""
    usual = SETTINGS.fleet.target.units_per_job
    for size, seconds in ((1, 50), (3, 130), (0.5, 30)):
        caller = make_caller()
        caller.queue.in_flight = 4
        work = Work(jobs=4, users=4, units=4 * size * usual)
        caller.store.set_snapshot(in_flight=4, running=1, desired=1, work=work)
        assert is_due_in(caller, seconds)


def test_jobs_that_came_after_the_snapshot_count_like_those_in_it(caller: Caller) -> None:
    usual = SETTINGS.fleet.target.units_per_job
    caller.queue.in_flight = 6
    work = Work(jobs=3, users=3, units=6 * usual)
    caller.store.set_snapshot(visible=3, running=1, desired=1, work=work)
    assert is_due_in(caller, 130)


def test_jobs_of_an_unknown_size_count_like_the_job_of_the_request(caller: Caller) -> None:
    caller.queue.in_flight = 3
    caller.store.set_snapshot(running=1, desired=1)
    assert is_due_in(caller, 40)
    other = make_caller()
    other.queue.in_flight = 3
    assert is_due_in(other, 315 + 40)


def test_messages_of_jobs_that_have_ended_are_not_ahead(caller: Caller) -> None:
    caller.queue.in_flight = 7
    caller.store.set_snapshot(
        visible=4, in_flight=2, running=1, desired=1, work=Work(jobs=1, users=1, units=3)
    )
    assert "About 2 ahead" in content(caller.content(imagine(prompt="a star")))
    caller.queue.in_flight = 2
    caller.queue.jobs.clear()
    assert "You are next" in content(caller.content(imagine(prompt="a star")))


def is_refused(caller: Caller, **options: Any) -> bool:
    answer = caller.content(imagine(prompt="a star", **options))
    if refused := "Too many requests" in content(answer):
        assert is_ephemeral(answer["data"])
    return refused


@pytest.mark.parametrize(
    ("users", "own", "refused"),
    [(173, 0, False), (175, 0, True), (174, 1, False), (175, 1, True), (173, 2, False)],
)
def test_a_request_is_refused_if_one_job_of_each_user_ahead_is_too_much_for_the_largest_fleet(
    caller: Caller, users: int, own: int, refused: bool
) -> None:
    """Two tasks draw 10 s a job, and 885 s are left; the other jobs of those users may wait.

    All jobs of the user are ahead, who is one of the users.
    """
    caller.guilds.in_flight = frozenset(map(str, range(own)))
    usual = SETTINGS.fleet.target.units_per_job
    caller.queue.in_flight = 400
    work = Work(jobs=400, users=users, units=400 * usual)
    caller.store.set_snapshot(in_flight=400, running=2, desired=2, work=work)
    assert is_refused(caller) is refused
    assert len(caller.queue.jobs) == (not refused)


@pytest.mark.parametrize(
    ("own", "seconds", "refused"),
    [
        (0, 190, False),
        (1, 190, False),
        (18, 190, False),
        (30, 310, False),
        (86, 870, False),
        (88, 890, True),
    ],
)
def test_a_users_own_jobs_come_first_one_after_the_other(
    caller: Caller, own: int, seconds: int, refused: bool
) -> None:
    """Five tasks draw 90 jobs of 40 users; 885 s are left."""
    usual = SETTINGS.fleet.target.units_per_job
    caller.queue.in_flight = 90
    caller.store.set_snapshot(
        in_flight=90, running=5, desired=5, work=Work(jobs=90, users=40, units=90 * usual)
    )
    caller.guilds.in_flight = frozenset(map(str, range(own)))
    if refused:
        assert "Too many requests" in content(caller.content(imagine(prompt="a star")))
    else:
        assert is_due_in(caller, seconds)


def test_two_hundred_requests_of_fifty_users_in_a_burst_are_all_accepted_on_one_worker() -> None:
    """A usual job takes 10 s: one of each user is drawn in time, all of them would not be."""
    target = replace(SETTINGS.fleet.target, maximum=1)
    caller = make_caller(replace(SETTINGS, fleet=replace(SETTINGS.fleet, target=target)))
    for number in range(200):
        if number % 25 == 0:
            work = Work.of(caller.store.waiting(1000))
            caller.store.set_snapshot(visible=number, running=1, desired=1, work=work)
            caller.clock.now += FLEET_STATE_CACHE_SECONDS
        payload = imagine(prompt="a star")
        payload["member"] = {"user": {"id": str(5000 + number % 50), "username": "ada"}}
        assert not is_ephemeral(caller.content(payload)["data"]), number
    assert len(caller.queue.jobs) == 200


def test_two_jobs_that_took_long_for_their_units_make_the_bot_refuse_nobody(caller: Caller) -> None:
    """Ninety users wait, and two one-unit jobs took a minute each on a fresh fleet."""
    caller.queue.in_flight = 90
    caller.store.set_snapshot(in_flight=90, running=1, desired=1, work=Work(90, 90, 9000))
    pace = MeasuredPace((DrawnBatch(100, 60), DrawnBatch(100, 60)), datetime.now(UTC))
    caller.store.state = replace(caller.store.state, pace=pace)
    assert not is_refused(caller)


def test_the_pace_that_workers_measured_decides_once_it_rests_on_enough_work(
    caller: Caller,
) -> None:
    usual = SETTINGS.fleet.target.units_per_job
    caller.queue.in_flight = 40
    caller.store.set_snapshot(in_flight=40, running=2, desired=2, work=Work(40, 40, 40 * usual))
    pace = MeasuredPace((DrawnBatch(10 * usual, 440),), datetime.now(UTC))
    caller.store.state = replace(caller.store.state, pace=pace)
    assert is_refused(caller)
    assert not is_refused(make_caller())


def test_a_fleet_that_runs_or_starts_is_not_woken(caller: Caller) -> None:
    caller.store.set_snapshot(running=1, desired=1)
    caller.queue.in_flight = 3
    running = content(caller.content(imagine(prompt="a star")))
    assert "About 3 ahead of you" in running
    assert "asleep" not in running
    assert caller.wake.starts == 0


@pytest.mark.parametrize(
    ("snapshot", "stated"),
    [
        ({"desired": 1}, "A GPU is starting"),
        ({"desired": 1, "launch_failed_at": datetime.now(UTC)}, "no free GPU"),
        ({"running": 1, "desired": 1}, "You are next, ready <t:"),
    ],
)
def test_the_answer_states_what_the_job_waits_for(
    caller: Caller, snapshot: dict[str, Any], stated: str
) -> None:
    caller.store.set_snapshot(**snapshot)
    assert stated in content(caller.content(imagine(prompt="a star")))


def test_the_estimate_is_a_timestamp_that_counts_down_by_itself(caller: Caller) -> None:
    caller.store.set_snapshot(running=1, desired=1)
    before = int(time.time())
    text = content(caller.content(imagine(prompt="a star")))
    moment = int(text.split("<t:")[1].split(":R>")[0])
    assert before + 10 <= moment <= time.time() + 11


def test_without_the_table_requests_are_refused_in_guilds_and_direct_messages(
    caller: Caller,
) -> None:
    caller.store.broken = DOWN
    direct = {"guild_id": None, "member": None, "user": {"id": "4000"}}
    for payload in (imagine(prompt="a star"), imagine(prompt="a star") | direct):
        answer = caller.content(payload)
        assert "can't take your request" in content(answer)
        assert is_ephemeral(answer["data"])
    assert caller.queue.jobs == []
    assert caller.wake.starts == 0


def test_a_job_whose_record_is_written_after_its_refusal_has_ended(caller: Caller) -> None:
    caller.store.late = True
    payload = imagine(prompt="a star")
    first = caller.content(payload)
    assert "can't take your request" in content(first)
    caller.store.write_late_records()
    assert caller.store.records[payload["id"]].details == {"reason": "not queued"}
    caller.store.late = False
    assert caller.store.waiting(10) == []
    assert caller.content(payload) == first
    assert caller.queue.jobs == []


@pytest.mark.parametrize("fails_next", ["reject", "get"])
def test_a_job_is_refused_if_the_table_fails_again_after_it_wrote_the_record_without_an_answer(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, fails_next: str
) -> None:
    """`waiting` finds later that the user reads a refusal, and ends the job."""
    accept = caller.store.accept

    def write_and_fail(*job: Any, **details: Any) -> bool:
        accept(*job, **details)
        raise DOWN

    def fail(*job: object, **_details: object) -> Any:
        if not job:
            return caller.store.state
        raise DOWN

    monkeypatch.setattr(caller.store, "accept", write_and_fail)
    monkeypatch.setattr(caller.store, fails_next, fail)
    answer = caller.content(imagine(prompt="a star"))
    assert "can't take your request" in content(answer)
    assert is_ephemeral(answer["data"])
    assert caller.queue.jobs == []


def test_a_wake_up_that_fails_does_not_change_the_answer(caller: Caller) -> None:
    caller.wake.broken = ServiceUnavailableError("ReadTimeoutError")
    assert "Queued" in content(caller.content(imagine(prompt="a star")))
    caller.wake.broken = None
    caller.content(imagine(prompt="a moon"))
    assert caller.wake.starts == 1


def test_a_job_that_the_queue_refuses_ends_as_refused_and_is_refused_when_it_is_redelivered(
    caller: Caller,
) -> None:
    caller.queue.refuse()
    payload = imagine(prompt="a star")
    first = caller.content(payload)
    assert is_ephemeral(first["data"])
    record = caller.store.records[payload["id"]]
    assert record.status is JobStatus.REFUSED
    assert record.details["reason"].startswith("This could not be drawn. Nothing was charged")
    assert record.token, "its user is told of the end who has read that the job is queued"
    caller.queue.broken = None
    assert caller.content(payload) == first
    assert caller.queue.jobs == []


def test_a_job_that_the_queue_refuses_is_left_to_be_sent_if_its_record_cannot_be_ended(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> bool:
        raise DOWN

    caller.queue.refuse()
    monkeypatch.setattr(caller.store, "withdraw", break_down)
    payload = imagine(prompt="a star")
    assert "Queued" in content(caller.content(payload))
    assert caller.store.records[payload["id"]].status is JobStatus.QUEUED


@pytest.mark.parametrize(
    ("status", "stated"),
    [
        (JobStatus.REFUSED, "can't take your request"),
        (JobStatus.DRAWING, "Queued"),
        (JobStatus.CANCELLED, "Queued"),
        (None, "Queued"),
    ],
    ids=["by a first attempt", "a worker has it", "its user cancelled it", "no record"],
)
def test_a_job_that_the_queue_refuses_is_refused_only_if_it_is_certain_to_have_ended(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, status: JobStatus | None, stated: str
) -> None:
    """The answer of the queue, or to a first attempt to end the job, may have been lost."""

    def withdraw(job_id: str, *_: object, **__: object) -> bool:
        if status:
            caller.store.finish(job_id, status)
        else:
            del caller.store.records[job_id]
        return False

    caller.queue.refuse()
    monkeypatch.setattr(caller.store, "withdraw", withdraw)
    assert stated in content(caller.content(imagine(prompt="a star")))


def test_a_job_that_another_delivery_has_accepted_is_not_ended_by_a_queue_that_refuses_it(
    caller: Caller,
) -> None:
    payload = imagine(prompt="a star")
    first = caller.content(payload)
    caller.queue.refuse()
    assert caller.content(payload) == first
    assert caller.store.records[payload["id"]].status is JobStatus.QUEUED


def test_a_job_that_was_recorded_but_never_sent_is_sent_when_it_is_redelivered(
    caller: Caller,
) -> None:
    payload = imagine(prompt="a star")
    first = caller.content(payload)
    caller.queue.jobs.clear()
    caller.queue.in_flight = 9
    assert caller.content(payload) == first, "with the wait that its user was told first"
    assert len(caller.queue.jobs) == 1


def test_a_job_that_was_answered_is_not_sent_again_when_it_is_redelivered(caller: Caller) -> None:
    payload = imagine(prompt="a star")
    first = caller.content(payload)
    caller.queue.jobs.clear()
    caller.store.finish(payload["id"], JobStatus.ANSWERED)
    assert caller.content(payload) == first
    assert "Queued" in content(first)
    assert caller.queue.jobs == []


def test_a_job_that_cannot_be_finished_in_time_is_refused_before_it_is_queued(
    caller: Caller,
) -> None:
    payload = imagine_from(seconds_ago=13 * 60)
    answer = caller.content(payload)
    assert is_ephemeral(answer["data"])
    assert "15 minutes" in content(answer)
    assert "Nothing was charged" in content(answer)
    assert caller.queue.jobs == []
    assert caller.store.records == {}
    assert caller.wake.starts == 0


def test_a_job_that_was_admitted_is_not_refused_when_it_is_redelivered_late(
    caller: Caller,
) -> None:
    caller.store.set_snapshot(running=1, desired=1)
    payload = imagine_from(seconds_ago=13 * 60)
    first = caller.content(payload)
    assert "Queued" in content(first)
    caller.store.set_snapshot(measured_at=datetime.now(UTC) - timedelta(seconds=100))
    caller.clock.now += FLEET_STATE_CACHE_SECONDS
    assert caller.content(payload) == first


def test_the_queue_is_not_asked_for_its_depth_when_time_runs_out(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_slowly() -> FleetState:
        caller.clock.now += DEPTH_WITHIN_SECONDS
        return caller.store.state

    monkeypatch.setattr(caller.store, "get", read_slowly)
    caller.queue.in_flight = 7
    assert "You are next" in content(caller.content(imagine(prompt="a star")))
    assert len(caller.queue.jobs) == 1
