"""Tests that compare units of a user do not go on over midnight UTC."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests import quota_day

MIDNIGHT = datetime(2028, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "waited"),
    [(timedelta(hours=24), 0), (timedelta(seconds=61), 0), (timedelta(seconds=59), 59)],
)
def test_a_test_that_midnight_would_interrupt_begins_after_it(
    monkeypatch: pytest.MonkeyPatch, before: timedelta, waited: float
) -> None:
    began = MIDNIGHT - before
    with time_machine.travel(began, tick=False) as clock:
        monkeypatch.setattr(time, "sleep", lambda seconds: clock.shift(min(seconds, 40)))
        quota_day.wait_for_next_day_if_near()
        assert (datetime.now(UTC) - began).total_seconds() == waited
