"""What is kept of a change that a manager of a guild made."""

from datetime import UTC, datetime, timedelta

from discord_diffusion.access.guild_changes import (
    MOST_CHANGES,
    VALUE_LENGTH,
    GuildChange,
    from_json,
    recent,
    to_json,
    with_change,
)


def a_change(number: int, at: int = 1_700_000_000) -> GuildChange:
    return GuildChange(str(number), "77", "limits", at)


def test_a_change_has_the_options_that_were_given_as_short_texts_and_the_time() -> None:
    given = {"role": None, "steps": 0, "on": False, "terms": "x" * (VALUE_LENGTH + 1), "name": ""}
    before = int(datetime.now(UTC).timestamp())
    change = GuildChange.of("1", "77", "roles add", given)
    assert before <= change.at <= datetime.now(UTC).timestamp()
    kept = {"steps": "0", "on": "False", "terms": "x" * VALUE_LENGTH, "name": ""}
    assert change == GuildChange("1", "77", "roles add", change.at, kept)


def test_the_table_keeps_changes_without_spaces_and_they_are_read_as_they_were() -> None:
    changes = (GuildChange("2", "77", "limits", 1_700_000_000, {"steps": "9"}), a_change(1))
    assert to_json(changes) == (
        '[{"event_id":"2","user_id":"77","action":"limits","at":1700000000,"values":{"steps":"9"}},'
        '{"event_id":"1","user_id":"77","action":"limits","at":1700000000,"values":{}}]'
    )
    assert from_json(to_json(changes)) == changes


def test_a_change_is_recent_until_it_is_as_old_as_changes_are_kept() -> None:
    kept, now = timedelta(minutes=1), 1_700_000_000
    new, old = a_change(2, now - 59), a_change(1, now - 60)
    assert recent((new, old), now, kept) == (new,)
    newest = a_change(3, now)
    assert with_change((new, old), newest, kept) == (newest, new)


def test_the_newest_changes_are_kept_and_no_more_than_fit_into_a_message() -> None:
    changes = tuple(a_change(number) for number in range(MOST_CHANGES))
    added = with_change(changes, a_change(99), timedelta(days=1))
    assert added == (a_change(99), *changes[:-1])
