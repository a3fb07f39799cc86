"""Pictures that the safety checker holds back are not shown, but charged: they were drawn."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from channel import (
    ADA,
    AFTER_DARK,
    Channel,
    buttons,
    channel_with_default_settings,
    contains_text,
    content_of,
)

from discord_diffusion.jobs.parameters import GenerationParameters
from tests.integration import filtered_model
from tests.messages import files_of, text_of
from tests.stack import Stack, workers_on

PARAMETERS = GenerationParameters("a ring", 5, 26, 0.0, 256, 256, 4)
UNITS, UNITS_OF_ONE = 37.75, 10.24
"""Of four pictures, and of one: a unit is one of 64 x 64 with 12 steps."""
HELD_BACK = 2


@pytest.fixture(scope="module")
def held_back(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """The places of the pictures that the checker of the one worker flags."""
    folder = tmp_path_factory.mktemp("filtered")
    places = filtered_model.save(folder, PARAMETERS, HELD_BACK)
    workers = workers_on(stack)
    # The stack's LoRA is of another model.
    changes = {"MODEL": str(folder), "LORAS": "{}", "PICTURE_SCALE": "1"}
    workers.change(DEVICE="cpu", **changes)
    workers.start()
    yield places
    workers.end()


@pytest.fixture
def channel(stack: Stack, held_back: list[int]) -> Iterator[Channel]:
    with channel_with_default_settings(stack) as channel:
        yield channel


def options(**changes: object) -> dict[str, object]:
    names = ("prompt", "seed", "steps", "guidance", "width", "height", "images")
    return {name: asdict(PARAMETERS)[name] for name in names} | changes


def has_ended(channel: Channel, sent: dict[str, Any]) -> bool:
    """Whether the worker has ended the job's record, after which nothing is refunded."""
    item = channel.item(f"job#{sent['interaction_id']}")
    return item is not None and item["status"] == {"S": "answered"}


def test_the_share_of_pictures_that_are_held_back_stays_charged(
    channel: Channel, held_back: list[int]
) -> None:
    user = channel.new_user()
    sent = channel.interact(command="imagine", options=options(), user_id=user, locale="fr")
    assert channel.used(user) == UNITS
    message = channel.pictures(sent)
    shown = [place for place in range(PARAMETERS.images) if place not in held_back]
    names = [one["filename"].rpartition(".")[0] for one in files_of(message)]
    assert names == [f"{sent['interaction_id']}-{place}" for place in shown]
    assert contains_text(text_of(message), "fr", "answer.held_back")
    for place in shown:
        assert f"{place + 1}** · graine {PARAMETERS.seed + place}" in text_of(message)
    varied = [one for one in buttons(message) if one.startswith("vary:")]
    assert [int(one.rpartition(":")[2]) for one in varied] == shown
    channel.wait(sent, lambda _: has_ended(channel, sent))
    assert channel.used(user) == UNITS


def test_prompts_that_are_always_held_back_use_up_their_users_units(
    channel: Channel, held_back: list[int]
) -> None:
    user = channel.new_user()
    channel.settings("limits", user_units=20)
    only = options(images=1, seed=PARAMETERS.seed + held_back[0])
    sent = channel.interact(command="imagine", options=only, user_id=user, locale="ja")
    message = channel.wait(sent, lambda found: text_of(found).startswith("❌"))
    assert contains_text(text_of(message), "ja", "failed.held_back")
    assert files_of(message) == []
    assert not any(one.startswith(("cancel:", "vary:", "seed:")) for one in buttons(message))
    channel.wait(sent, lambda _: has_ended(channel, sent))
    assert channel.used(user) == UNITS_OF_ONE
    again = channel.interact(command="imagine", options=only, user_id=user, locale="ja")
    assert contains_text(content_of(again), "ja", "refused.quota_member")


def test_no_picture_is_held_back_where_the_guild_and_the_channel_allow_it(channel: Channel) -> None:
    channel.settings("safety", level="channel")
    sent = channel.interact(
        command="imagine", options=options(), user_id=ADA, channel_id=AFTER_DARK, locale="en-US"
    )
    message = channel.pictures(sent)
    assert len(files_of(message)) == PARAMETERS.images
    assert not contains_text(text_of(message), "en-US", "answer.held_back")
