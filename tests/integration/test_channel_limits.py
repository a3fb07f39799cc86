"""What a guild decides holds, to the unit, and what is not drawn is given back. No worker runs."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from channel import (
    ADA,
    AFTER_DARK,
    BORIS,
    CHIYO,
    CURATOR,
    GUILD,
    PAINTER,
    PICTURES,
    Channel,
    buttons,
    has,
    is_private,
    said,
)

from tests.stack import Stack

WISH = {"prompt": "a red circle", "images": 1}
LANGUAGES = ("en-US", "de", "es-ES", "fr", "ja", "pt-BR")


@pytest.fixture
def channel(stack: Stack) -> Iterator[Channel]:
    """A channel of a guild that has decided nothing, before and after."""
    one = Channel(stack)
    settings(one, "reset")
    yield one
    settings(one, "reset")
    for user in (ADA, BORIS, CHIYO):
        one.act(command="cancel", user_id=user, locale="en-US")


def settings(at: Channel, what: str, /, **options: object) -> str:
    sent = at.act(
        command=f"settings {what}", options=options, user_id=ADA, locale="en-US", strict=True
    )
    assert is_private(sent)
    return said(sent)


def imagine(channel: Channel, user: str, **more: Any) -> dict[str, Any]:
    asked = {"user_id": user, "locale": "en-US", "options": {}, **more}
    return channel.act(command="imagine", **asked | {"options": WISH | asked["options"]})


def used(channel: Channel, user: str) -> int:
    """Units that `/quota` says were used today."""
    answer = said(channel.act(command="quota", user_id=user, locale="en-US"))
    return int(answer.split("**")[1])


def newcomer() -> str:
    """Somebody who has never asked."""
    return str(int(time.time() * 1000) << 20)


def test_fifty_requests_at_once_with_ten_units_are_ten_jobs(channel: Channel) -> None:
    settings(channel, "limits", user_units=10)
    user = newcomer()

    def ask(_: int) -> str:
        """What came of it; on a busy machine an answer may come too late for Discord."""
        sent = channel.send(command="imagine", options=WISH, user_id=user, locale="en-US")
        if sent["outcome"] != "answered":
            return "late"
        return "refused" if is_private(sent) else "taken"

    with ThreadPoolExecutor(12) as pool:
        outcomes = Counter(pool.map(ask, range(50)))
    assert used(channel, user) == 10
    assert outcomes["taken"] == 10 or outcomes["late"]
    assert outcomes["taken"] <= 10
    assert outcomes["refused"] <= 40
    assert "of your 10 for today 0 are left" in said(imagine(channel, user))
    channel.act(command="cancel", user_id=user, locale="en-US")
    assert used(channel, user) == 0


def test_a_cancelled_job_costs_nothing_and_its_message_says_so(channel: Channel) -> None:
    user = newcomer()
    sent = imagine(channel, user)
    message = channel.message(sent)
    assert has(message, "cancel")
    assert used(channel, user) == 1
    refused = channel.press(message, "cancel", user_id=CHIYO, locale="en-US")
    assert "Only who asked for it" in said(refused)
    channel.press(message, "cancel", user_id=user, locale="en-US")
    gone = channel.message(sent)
    assert gone["content"].endswith("Cancelled. Nothing was charged for it.")
    assert buttons(gone) == []
    assert used(channel, user) == 0
    item = channel.item(f"job#{sent['interaction_id']}")
    assert item is not None
    assert item["status"] == {"S": "cancelled"}
    assert "token" not in item


def test_cooldown_and_jobs_at_once(channel: Channel) -> None:
    user = newcomer()
    settings(channel, "limits", jobs=2)
    for _ in range(2):
        assert not is_private(imagine(channel, user))
    assert "already have 2 requests" in said(imagine(channel, user))
    settings(channel, "limits", jobs=5, cooldown=600)
    assert "One request every 600 s" in said(imagine(channel, user))
    settings(channel, "limits", cooldown=0)
    assert not is_private(imagine(channel, user))


def test_a_role_with_priority_may_ask_for_three_times_as_much(channel: Channel) -> None:
    settings(channel, "limits", user_units=1, cooldown=600)
    settings(channel, "priority", role=PAINTER, allow=True)
    user, painter = newcomer(), {"member": {"roles": [PAINTER]}}
    answers = [imagine(channel, user, raw=painter) for _ in range(4)]
    assert [is_private(one) for one in answers] == [False, False, False, True]
    told = channel.act(command="quota", user_id=user, locale="en-US", raw=painter)
    assert "**3** of 3 units" in said(told)
    channel.act(command="cancel", user_id=user)


def test_roles_and_channels_are_let_in_by_name(channel: Channel) -> None:
    settings(channel, "access", role=PAINTER, allow=True)
    assert "Your roles do not allow" in said(imagine(channel, BORIS))
    assert not is_private(imagine(channel, CHIYO))
    settings(channel, "access", role=PAINTER, allow=False)
    settings(channel, "access", channel=AFTER_DARK, allow=True)
    assert f"<#{AFTER_DARK}>" in said(imagine(channel, CHIYO))
    assert not is_private(imagine(channel, CHIYO, channel_id=AFTER_DARK))


def test_blocked_words_are_found_in_disguise_and_kept_for_those_who_look(
    channel: Channel,
) -> None:
    assert "`(?:evil|bad) cats?`" in settings(channel, "block", pattern="(?:evil|bad) cats?")
    for prompt in ("an evil cat", "an еvіl  с a t", "3v1l cats"):
        sent = imagine(channel, BORIS, options={"prompt": prompt})
        assert "These words are not allowed" in said(sent), prompt
        kept = channel.item(f"audit#{GUILD}#{sent['interaction_id']}")
        assert kept is not None
        assert (kept["action"], kept["user_id"]) == ({"S": "blocked"}, {"S": BORIS})
    assert "can't be used" in settings(channel, "block", pattern="(a+)+b")
    completed = channel.act(
        command="settings unblock", options={"pattern": "bad"}, focused="pattern", user_id=ADA
    )
    assert [one["value"] for one in completed["response"]["data"]["choices"]] == [
        "(?:evil|bad) cats?"
    ]
    settings(channel, "unblock", pattern="(?:evil|bad) cats?")
    assert not is_private(imagine(channel, BORIS, options={"prompt": "an evil cat"}))


def test_the_safety_filter_is_left_out_only_where_the_guild_and_the_channel_allow_it(
    channel: Channel,
) -> None:
    def is_checked(where: str) -> bool:
        messages = channel.stack.sqs.receive_message
        sent = imagine(channel, BORIS, channel_id=where)
        for _ in range(20):
            found = messages(
                QueueUrl=channel.stack.state.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0
            )
            for one in found.get("Messages", []):
                if f'"id":"{sent["interaction_id"]}"' in one["Body"]:
                    return '"safety_check":true' in one["Body"]
            channel.act(command="cancel", user_id=BORIS)
            sent = imagine(channel, BORIS, channel_id=where)
        raise AssertionError("the job did not come")

    assert is_checked(AFTER_DARK)
    settings(channel, "safety", level="channel")
    assert not is_checked(AFTER_DARK)
    assert is_checked(PICTURES)


def test_only_those_who_manage_the_guild_change_its_settings(channel: Channel) -> None:
    for asked, reason in (
        ({"user_id": BORIS}, "Only members who may manage"),
        ({"user_id": ADA, "guild_id": None}, "in servers alone"),
    ):
        sent = channel.act(command="settings reset", locale="en-US", **asked)
        assert reason in said(sent)
    assert "curator" not in settings(channel, "show").lower()
    assert f"<@&{CURATOR}>" in settings(channel, "access", role=CURATOR, allow=True)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_everybody_is_answered_in_their_language(channel: Channel, locale: str) -> None:
    seen = set()
    for command in ("help", "quota", "queue", "settings show"):
        sent = channel.act(command=command, user_id=ADA, locale=locale)
        assert is_private(sent)
        seen.add(said(sent))
    assert len(seen) == 4
    english = said(channel.act(command="help", user_id=ADA, locale="en-US"))
    german = said(channel.act(command="help", user_id=ADA, locale=locale))
    assert (english == german) is (locale == "en-US")
    waiting = imagine(channel, BORIS, locale=locale)
    assert channel.message(waiting)["components"][0]["components"][0]["label"]


def test_the_queue_tells_the_place_and_the_state_of_the_fleet(channel: Channel) -> None:
    user = newcomer()
    assert "None of your requests is waiting" in said(
        channel.act(command="queue", user_id=user, locale="en-US")
    )
    imagine(channel, user, options={"prompt": "a *green* star"})
    told = said(channel.act(command="queue", user_id=user, locale="en-US"))
    assert r"a \*green\* star" in told
    assert "ahead" in told
    assert "asleep" in told or "Machines" in told
    channel.act(command="cancel", user_id=user)


def test_parameters_are_shown_to_whoever_asks(channel: Channel) -> None:
    user = newcomer()
    sent = imagine(channel, user, options={"prompt": "a ring", "seed": 99, "size": "wide"})
    shown = channel.act(
        command="Show parameters",
        command_type=3,
        target_id=sent["message_id"],
        user_id=CHIYO,
        locale="en-US",
    )
    assert is_private(shown)
    assert "seed 99" in said(shown)
    other = channel.act(command="help", user_id=CHIYO, locale="en-US")
    refused = channel.act(
        command="Show parameters",
        command_type=3,
        target_id=other["message_id"],
        user_id=CHIYO,
        locale="en-US",
    )
    assert "no pictures that I made" in said(refused)
    channel.act(command="cancel", user_id=user)
