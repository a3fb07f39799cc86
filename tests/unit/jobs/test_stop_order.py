"""A moderator's order to stop jobs: which it concerns, and how it reaches its state machine."""

import pytest

from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_diffusion.jobs.stop_order import StopOrder

ALL = StopOrder("200", "1000")
ONE = StopOrder("200", "1000", "77")


@pytest.mark.parametrize(
    ("order", "job_id", "user_id", "guild_id", "concerned"),
    [
        (ALL, "999", "77", "200", True),
        (ALL, "999", "78", "200", True),
        (ALL, "999", "77", "201", False),
        (ALL, "999", "77", None, False),
        (ALL, "1000", "77", "200", False),
        (ALL, "1001", "77", "200", False),
        (ONE, "999", "77", "200", True),
        (ONE, "999", "78", "200", False),
        (ONE, "1001", "77", "200", False),
    ],
)
def test_an_order_concerns_the_jobs_of_its_guild_or_user_that_were_asked_for_before_it(
    order: StopOrder, job_id: str, user_id: str, guild_id: str | None, concerned: bool
) -> None:
    parameters = GenerationParameters("a star", 7, 4, 7.5, 64, 64, 1)
    record = JobRecord(
        job_id, JobStatus.QUEUED, "2", user_id, "en-US", parameters, guild_id=guild_id
    )
    assert order.concerns(record) is concerned


@pytest.mark.parametrize(
    ("order", "written"),
    [
        (ALL, {"guild": "200", "event": "1000"}),
        (ONE, {"guild": "200", "event": "1000", "user": "77"}),
    ],
)
def test_an_order_is_read_back_as_it_was_written(order: StopOrder, written: dict[str, str]) -> None:
    assert order.to_json() == written
    assert StopOrder.from_json(written) == order
