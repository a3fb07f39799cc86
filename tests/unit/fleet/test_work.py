"""What is counted as work: unfinished jobs, distinct users, units."""

import math

import pytest

from discord_diffusion.fleet.work import Line, Work, WorkAhead
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, JobStatus


def record(user: str, units: int, status: JobStatus = JobStatus.QUEUED) -> JobRecord:
    parameters = GenerationParameters("a star", 7, 4, 7.5, 64, 64, 1)
    return JobRecord("1", status, "1", user, "de", parameters, units=units)


def test_jobs_that_have_ended_are_no_work_and_the_jobs_of_a_user_are_one_user() -> None:
    records = [
        record("ada", 3),
        record("ada", 2, JobStatus.DRAWING),
        record("boris", 4),
        record("boris", 50, JobStatus.CANCELLED),
        record("chiyo", 60, JobStatus.REFUSED),
    ]
    assert Work.of(records) == Work(jobs=3, users=2, units=9.0)
    assert Work.of([]) == Work(0, 0, 0.0)


def test_a_job_that_cost_nothing_is_work() -> None:
    assert Work.of([record("ada", 0)]) == Work(1, 1, 1.0)


def test_jobs_of_which_nothing_is_known_are_of_as_many_users_and_of_usual_size() -> None:
    assert Work.usual(3, 4.0) == Work(3, 3, 12.0)


def test_the_size_of_a_job_is_the_mean() -> None:
    assert Work(4, 2, 10.0).units_per_job == 2.5
    assert Work().units_per_job == 0.0


@pytest.mark.parametrize(
    ("jobs", "expected"), [(2, Work(2, 2, 5.0)), (1, Work(1, 1, 2.5)), (9, Work(9, 3, 22.5))]
)
def test_more_or_fewer_jobs_are_of_the_same_size_and_of_no_more_users(
    jobs: int, expected: Work
) -> None:
    assert Work(4, 3, 10.0).with_jobs(jobs) == expected


@pytest.mark.parametrize("wrong", [{"jobs": -1}, {"users": -1}, {"units": math.nan}])
def test_work_that_makes_no_sense_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} is .*at least 0$"):
        Work(**wrong)  # type: ignore[arg-type]  # units may be a float


def test_each_job_of_a_line_has_those_before_it_ahead() -> None:
    line = Line()
    ahead = []
    for one in (record("ada", 3), record("boris", 2), record("ada", 0), record("ada", 5)):
        ahead.append(line.ahead_of(one))
        line.add(one)
    assert ahead == [
        WorkAhead(0, 0.0, 0),
        WorkAhead(1, 3.0, 0),
        WorkAhead(2, 5.0, 3),
        WorkAhead(3, 6.0, 4),
    ]
