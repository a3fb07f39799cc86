"""The day by which quotas are counted: it ends at midnight UTC."""

import time
from datetime import UTC, datetime, timedelta

_LONGEST_TEST = timedelta(seconds=60)


def wait_for_next_day_if_near() -> None:
    """Return at a time from which no test lasts until midnight UTC.

    What a test compares after midnight is of another day than what it did before.
    """
    while (rest := _rest_of_day()) < _LONGEST_TEST:
        time.sleep(rest.total_seconds())


def _rest_of_day() -> timedelta:
    now = datetime.now(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) - now
