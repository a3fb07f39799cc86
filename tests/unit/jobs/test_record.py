"""The record of a job: what it keeps of it, which states are final, which waits are too long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from discord_diffusion.jobs.job import Job, snowflake_time
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import (
    ANSWER_MARGIN,
    JobRecord,
    JobStatus,
    WaitEstimate,
    WaitKind,
)

JOB = Job(
    id="1127000000000000000",
    application_id="2",
    token="a-secret-token",
    user_id="3",
    locale="de",
    parameters=GenerationParameters("a star", 7, 4, 7.5, 64, 64, 4),
    channel_id="4",
    guild_id="5",
    private=True,
    spoiler=True,
    attachment_size_limit=5,
    nsfw=True,
    safety_check=False,
    traceparent="00-1-2-01",
)
EXPIRES = datetime(2026, 1, 2, tzinfo=UTC)


def test_the_record_of_a_job_keeps_what_its_answer_and_its_refund_need() -> None:
    wait = WaitEstimate(WaitKind.TURN, 2, None)
    found = JobRecord.of(JOB, units=9, wait=wait)
    assert vars(found) == {
        "id": JOB.id,
        "status": JobStatus.QUEUED,
        "application_id": "2",
        "user_id": "3",
        "locale": "de",
        "parameters": JOB.parameters,
        "channel_id": "4",
        "guild_id": "5",
        "private": True,
        "spoiler": True,
        "units": 9,
        "token": "a-secret-token",
        "wait": wait,
        "notified_at": None,
        "details": {},
        "attachment_size_limit": 5,
        "nsfw": True,
        "safety_check": False,
        "traceparent": "00-1-2-01",
        "confirmed": False,
        "visited_guild_id": None,
    }
    assert "a-secret-token" not in repr(found)
    plain = JobRecord.of(JOB)
    assert (plain.units, plain.wait) == (0, None)
    assert JobRecord.of(JOB, visited_guild_id="6").visited_guild_id == "6"
    assert found.expires_at == snowflake_time(JOB.id) + timedelta(minutes=15)


def test_the_record_makes_the_message_of_its_job_again_while_it_has_the_token() -> None:
    record = JobRecord.of(JOB, units=9)
    assert record.job() == replace(JOB, units=9)
    assert replace(record, token=None).job() is None


def test_a_wait_of_a_kind_that_only_a_newer_version_knows_is_unknown() -> None:
    assert WaitKind("turn") is WaitKind.TURN
    assert WaitKind("maintenance") is WaitKind.UNKNOWN
    with pytest.raises(ValueError, match="5 is not a valid WaitKind"):
        WaitKind(5)  # type: ignore[arg-type]


def test_a_job_that_waits_or_is_drawn_is_not_finished() -> None:
    assert {status for status in JobStatus if not status.finished} == {
        JobStatus.QUEUED,
        JobStatus.DRAWING,
    }


@pytest.mark.parametrize(
    ("kind", "due", "fits"),
    [
        (WaitKind.TURN, EXPIRES - ANSWER_MARGIN, True),
        (WaitKind.TURN, EXPIRES - ANSWER_MARGIN + timedelta(microseconds=1), False),
        (WaitKind.UNKNOWN, None, True),
        (WaitKind.FAILED_STARTS, EXPIRES - timedelta(minutes=10), False),
        (WaitKind.INSTANCE_HOURS, EXPIRES - timedelta(minutes=10), False),
        (WaitKind.NO_CAPACITY, EXPIRES - timedelta(minutes=10), True),
    ],
)
def test_a_job_fits_if_its_pictures_can_be_sent_before_its_token_expires(
    kind: WaitKind, due: datetime | None, fits: bool
) -> None:
    wait = WaitEstimate(kind, 1, due)
    assert wait.fits(EXPIRES) is fits
    assert wait.is_stopped is (kind in (WaitKind.FAILED_STARTS, WaitKind.INSTANCE_HOURS))
