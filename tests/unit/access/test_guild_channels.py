"""What is known of channels, for their threads."""

from datetime import UTC, datetime, timedelta

import pytest

from discord_diffusion.access.guild_channels import (
    KEPT,
    RENEWED_AFTER,
    GuildChannel,
    KnownChannel,
    Place,
)
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.jobs.refusal import Refusal

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CHANNEL = GuildChannel("300", age_restricted=True, category_id="390")


@pytest.mark.parametrize(
    ("known", "said", "is_current"),
    [
        (KnownChannel(CHANNEL, NOW + KEPT), CHANNEL, True),
        (KnownChannel(CHANNEL, None), CHANNEL, True),
        (KnownChannel(CHANNEL, NOW + KEPT - RENEWED_AFTER), CHANNEL, False),
        (KnownChannel(CHANNEL, NOW + KEPT - RENEWED_AFTER + timedelta(seconds=1)), CHANNEL, True),
        (KnownChannel(CHANNEL, NOW + KEPT), GuildChannel("300", category_id="390"), False),
        (KnownChannel(CHANNEL, None), GuildChannel("300", age_restricted=True), False),
    ],
    ids=["just noted", "named", "a day old", "nearly a day old", "lifted", "moved"],
)
def test_what_is_known_is_noted_again_once_a_day_and_when_it_changes(
    known: KnownChannel, said: GuildChannel, is_current: bool
) -> None:
    assert known.is_current(said, NOW) is is_current


def test_a_thread_is_in_what_its_channel_is_in() -> None:
    thread = Place.of({"350", "300"}, age_restricted=False, parent=CHANNEL)
    assert thread == Place(frozenset({"350", "300", "390"}), age_restricted=True)
    assert Place.of({"1"}, age_restricted=False, parent=None) == Place(frozenset({"1"}), False)
    free = Place.of({"1"}, age_restricted=True, parent=GuildChannel("2"))
    assert free == Place(frozenset({"1"}), age_restricted=True)


def test_settings_keep_the_names_of_what_is_named_and_no_others() -> None:
    settings = GuildSettings(roles=("1",), channels=("2",), priority_roles=("1", "3"))
    assert settings.named_ids == ("1", "2", "3")
    named = settings.with_names({"1": "Guests", "2": "atelier", "9": "other"})
    assert named.names == {"1": "Guests", "2": "atelier"}
    assert named.with_names({"1": "Friends"}).names == {"1": "Friends", "2": "atelier"}
    assert GuildSettings.from_json(named.to_json()) == named
    left = named.without("1")
    assert (left.roles, left.channels, left.priority_roles) == ((), ("2",), ("3",))
    assert left.names == {"2": "atelier"}
    assert named.without("2").channels == ()
    assert named.without("2").roles == ("1",)


def test_a_user_who_is_blocked_is_refused_wherever_and_with_whatever_role() -> None:
    settings = GuildSettings(roles=("7",), channels=("1",), blocked_users=("77", "79"))
    settings.admit({"1"}, ["7"], "78")
    for user in ("77", "79"):
        with pytest.raises(Refusal) as refused:
            settings.admit({"1"}, ["7"], user)
        assert refused.value.reason == "user_blocked"


def test_a_thread_without_a_known_channel_is_in_its_ids_alone() -> None:
    assert Place.of(["1", "2"], age_restricted=False, parent=None).ids == {"1", "2"}
    assert not Place.of(["1"], age_restricted=False, parent=GuildChannel("2")).age_restricted
