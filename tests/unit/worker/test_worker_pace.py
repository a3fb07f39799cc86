"""The pace of a worker: what it plans by, and what it publishes."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from discord_diffusion.fleet.pace import REMEMBERED_BATCHES, DrawnBatch, MeasuredPace
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.jobs.units import Tariff
from discord_diffusion.worker import pace as pace_module
from discord_diffusion.worker.errors import JobExpiredError
from discord_diffusion.worker.pace import PUBLISH_INTERVAL_SECONDS, Pace
from tests.unit.worker.fakes import make_job

SMALL = GenerationParameters("a star", 7, 25, 7.5, 512, 512, 1)
LARGE = replace(SMALL, width=1024, height=1024)
cost = Tariff(64 * 64, 12, 3.0).cost
usual_cost = Tariff(512 * 512, 25, 7.5).cost


@dataclass
class Published:
    """A table in memory, and a clock that a test moves."""

    paces: list[MeasuredPace] = field(default_factory=list)
    now: float = 1000.0

    def save_pace(self, pace: MeasuredPace) -> None:
        self.paces.append(pace)

    def pace(self) -> Pace:
        return Pace(cast(Any, self), cost=cost, clock=lambda: self.now)


def test_the_batches_are_published_with_the_units_and_seconds_of_each() -> None:
    table = Published()
    pace = table.pace()
    pace.learn([SMALL, SMALL], 3.0)
    pace.learn(iter([LARGE]), 8.0)
    pace.publish()
    [published] = table.paces
    assert published.batches == (DrawnBatch(2 * cost(SMALL), 3.0), DrawnBatch(cost(LARGE), 8.0))
    assert abs((datetime.now(UTC) - published.measured_at).total_seconds()) < 60


def test_nothing_is_published_before_the_first_batch_and_then_once_a_minute() -> None:
    table = Published()
    pace = table.pace()
    pace.publish()
    assert table.paces == []
    for later, published in ((0, 1), (PUBLISH_INTERVAL_SECONDS - 0.5, 1), (0.5, 2)):
        table.now += later
        pace.learn([SMALL], 2.0)
        pace.publish()
        assert len(table.paces) == published


def test_batches_of_an_hour_ago_are_not_published_any_more() -> None:
    table = Published()
    pace = table.pace()
    pace.learn([SMALL], 9.0)
    table.now += 1800
    pace.learn([SMALL], 2.0)
    table.now += 1800
    pace.publish()
    assert [batch.seconds for batch in table.paces[0].batches] == [2.0]
    table.now += 1800
    pace.publish()
    assert len(table.paces) == 1, "what the table has is as old"


def test_the_newest_batches_are_remembered() -> None:
    table = Published()
    pace = table.pace()
    for seconds in range(REMEMBERED_BATCHES + 3):
        pace.learn([SMALL], seconds + 1.0)
    pace.publish()
    seconds = [batch.seconds for batch in table.paces[0].batches]
    assert seconds == [float(one) for one in range(4, REMEMBERED_BATCHES + 4)]


def test_a_worker_plans_by_the_median_and_refuses_by_the_fastest() -> None:
    pace = Pace()
    assert pace.expected([SMALL]) is None
    assert pace.least(SMALL) == 0.0
    for seconds in (2.0, 9.0, 3.0):
        pace.learn([SMALL], seconds)
    times = usual_cost(LARGE) / usual_cost(SMALL)
    assert pace.expected([SMALL, LARGE]) == pytest.approx(3 + 3 * times)
    assert pace.least(LARGE) == pytest.approx(2 * times)


def test_a_flood_of_the_smallest_jobs_lets_no_other_job_seem_late() -> None:
    pace = Pace()
    smallest = replace(SMALL, width=8, height=8, steps=1)
    for _ in range(100):
        pace.learn([smallest], 0.2)
    longest = replace(SMALL, images=4, steps=100)
    pace.check_time_left(replace(make_job(), parameters=longest))
    assert pace.least(longest) < 120


def test_a_picture_that_is_mostly_taken_from_its_source_says_nothing_false_about_others() -> None:
    pace = Pace()
    pace.learn([replace(SMALL, steps=100, source=SourceImage("https://x.test/a", 0.01))], 0.2)
    expected = pace.expected([SMALL])
    assert expected is not None
    assert 1 < expected < 10


@pytest.mark.parametrize(
    ("left", "to_draw", "late"),
    [
        (5.0, False, False),
        (4.9, False, True),
        (30.0, True, False),
        (29.9, True, True),
        (29.9, False, False),
    ],
)
def test_a_job_is_refused_that_cannot_be_drawn_before_its_token_expires(
    monkeypatch: pytest.MonkeyPatch, left: float, to_draw: bool, late: bool
) -> None:
    """A job may take half as long again as the fastest batch of its size, which took 20 s."""
    job = make_job()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            now = job.expires_at - timedelta(seconds=left)
            return now.astimezone(tz) if tz else now.replace(tzinfo=None)

    monkeypatch.setattr(pace_module, "datetime", Clock)
    pace = Pace()
    pace.learn([job.parameters], 20.0)
    if to_draw and late:
        with pytest.raises(JobExpiredError):
            pace.check_time_left(job)
    if not late:
        pace.check_time_left(job, to_draw=to_draw)
        return
    seconds = 30 if to_draw else 0
    text = f"^its token expires at .* UTC, drawing takes {seconds} s$"
    with pytest.raises(JobExpiredError, match=text):
        pace.check_time_left(job, to_draw=to_draw)


def test_without_a_batch_only_the_margin_of_the_token_counts() -> None:
    Pace().check_time_left(make_job())


def test_the_pace_of_several_pictures_is_that_of_each() -> None:
    pace = Pace()
    four = replace(SMALL, images=4)
    pace.learn([four], 8.0)
    assert pace.least(SMALL) == pytest.approx(8 * usual_cost(SMALL) / usual_cost(four))


def test_a_worker_plans_by_its_last_eight_batches_and_refuses_by_the_fastest_of_all() -> None:
    pace = Pace()
    for seconds in (*[1.0] * 9, *[5.0] * 8):
        pace.learn([SMALL], seconds)
    assert pace.expected([SMALL]) == pytest.approx(5)
    assert pace.least(SMALL) == pytest.approx(1)
