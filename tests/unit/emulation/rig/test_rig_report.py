"""Discord's timestamps, which its clients count down, are words in a terminal."""

from datetime import UTC, datetime

import pytest

from emulation.rig.report import with_readable_times

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AT = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"ready <t:{AT + 3}:R>.", "ready in 3 s."),
        (f"ready <t:{AT - 70}:R>", "ready 1 min ago"),
        (f"<t:{AT + 7200}:R> or <t:{AT + 240}:R>", "in 2 h or in 4 min"),
        (f"by <t:{AT}:t>", "by 03:04"),
        (f"<t:{AT}>", "2026-01-02 03:04"),
        ("<t:x:R> <@1> nothing", "<t:x:R> <@1> nothing"),
    ],
)
def test_a_timestamp_is_written_in_words(text: str, expected: str) -> None:
    assert with_readable_times(text, NOW) == expected
