"""Units, cooldowns and jobs at once hold to the unit, and what is cancelled costs nothing.

No worker runs.
"""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from channel import CHIYO, GUILD, PAINTER, Channel, buttons, has, is_private, said, says

from discord_diffusion.access.limits import REST_SECONDS
from tests.stack import Stack

PATIENCE = 3
WITH_PRIORITY = {"member": {"roles": [PAINTER]}}


@pytest.fixture
def channel(stack: Stack) -> Iterator[Channel]:
    """A channel of a guild that has decided nothing, before and after."""
    one = Channel(stack)
    one.settings("reset")
    yield one
    one.settings("reset")
    one.calm_down()


def test_fifty_requests_at_once_with_ten_units_are_ten_jobs(channel: Channel) -> None:
    channel.settings("limits", user_units=10)
    user, wish = channel.newcomer(), {"prompt": "a red circle", "images": 1}

    def ask(_: int) -> str:
        """What came of it; on a busy machine an answer may come too late for Discord.

        Who is told that the queue is slow, for nothing was charged, asks again.
        """
        for _ in range(PATIENCE):
            sent = channel.send(command="imagine", options=wish, user_id=user, locale="en-US")
            if sent["outcome"] != "answered":
                return "late"
            if not says(said(sent), "en-US", "refused.queue"):
                break
        return "refused" if is_private(sent) else "taken"

    with ThreadPoolExecutor(12) as pool:
        outcomes = Counter(pool.map(ask, range(50)))
    assert channel.used(user) == 10
    assert outcomes["taken"] == 10 or outcomes["late"]
    assert outcomes["taken"] <= 10
    assert outcomes["refused"] <= 40
    assert "of your 10 for today 0 are left" in said(channel.imagine(user))
    channel.act(command="cancel", user_id=user, locale="en-US")
    assert channel.used(user) == 0


def test_the_units_of_a_whole_server_are_shared_and_given_back(channel: Channel) -> None:
    used = int(said(channel.act(command="quota", user_id=CHIYO)).split("**")[3])
    channel.settings("limits", server_units=used + 3)
    first, second = channel.newcomer(), channel.newcomer()
    assert not is_private(channel.imagine(first, options={"images": 2, "steps": 100, "width": 256}))
    assert not is_private(channel.imagine(second))
    quota = said(channel.act(command="quota", user_id=second, locale="en-US"))
    assert f"This server has used **{used + 3}** of {used + 3} units" in quota
    assert says(said(channel.imagine(second)), "en-US", "refused.quota_guild")
    channel.act(command="cancel", user_id=first)
    assert not is_private(channel.imagine(second))


def test_a_cancelled_job_costs_nothing_and_its_message_says_so(channel: Channel) -> None:
    user = channel.newcomer()
    sent = channel.imagine(user)
    message = channel.message(sent)
    assert has(message, "cancel"), message["content"]
    assert channel.used(user) == 1
    refused = channel.press(message, "cancel", user_id=CHIYO, locale="en-US")
    assert "Only who asked for it" in said(refused)
    with ThreadPoolExecutor(3) as pool:
        presses = pool.map(lambda _: channel.pressed(message, "cancel", user_id=user), range(3))
        assert any(presses)
    gone = channel.message(sent)
    assert gone["content"].endswith("Cancelled. Nothing was charged for it.")
    assert buttons(gone) == []
    assert channel.used(user) == 0, "three clicks give back once"
    item = channel.item(f"job#{sent['interaction_id']}")
    assert item is not None
    assert item["status"] == {"S": "cancelled"}
    assert "token" not in item


def test_what_is_cancelled_with_the_command_is_told_in_its_own_message(channel: Channel) -> None:
    """By the function that tells those who wait, which the loop starts."""
    user = channel.newcomer()
    assert says(
        said(channel.act(command="cancel", user_id=user, locale="ja")),
        "ja",
        "refused.nothing_to_cancel",
    )
    sent = [channel.imagine(user, locale="pt-BR") for _ in range(2)]
    done = channel.act(command="cancel", user_id=user, locale="de")
    assert said(done) == "Abgebrochene Anfragen: 2. Dafür wurde nichts berechnet."
    assert channel.used(user) == 0
    for one in sent:
        message = channel.wait(one, lambda found: "Cancelado" in found["content"])
        assert says(message["content"], "pt-BR", "done.cancelled")
        assert not has(message, "cancel")


def test_who_cancels_rests_for_a_moment_before_the_next_request(channel: Channel) -> None:
    user = channel.newcomer()
    channel.imagine(user)
    began = time.monotonic()
    channel.act(command="cancel", user_id=user, locale="en-US")
    asked = channel.imagine(user)
    if time.monotonic() - began < REST_SECONDS:
        assert says(said(asked), "en-US", "refused.just_cancelled")
        assert channel.used(user) == 0


def test_cooldown_and_jobs_at_once(channel: Channel) -> None:
    user = channel.newcomer()
    channel.settings("limits", jobs=2)
    for _ in range(2):
        assert not is_private(channel.imagine(user))
    assert "already have 2 requests" in said(channel.imagine(user))
    quota = said(channel.act(command="quota", user_id=user, locale="en-US"))
    assert "Not finished: 2 of 2 requests." in quota
    channel.settings("limits", jobs=5, cooldown=600)
    assert "One request every 600 s" in said(channel.imagine(user))
    channel.settings("limits", cooldown=0)
    assert not is_private(channel.imagine(user))


def test_a_role_with_priority_may_ask_for_three_times_as_much(channel: Channel) -> None:
    channel.settings("limits", user_units=1, cooldown=600)
    channel.settings("priority", role=PAINTER, allow=True)
    user = channel.newcomer()
    answers = [channel.imagine(user, raw=WITH_PRIORITY) for _ in range(4)]
    assert [is_private(one) for one in answers] == [False, False, False, True]
    told = channel.act(command="quota", user_id=user, locale="en-US", raw=WITH_PRIORITY)
    assert "**3** of 3 units" in said(told)
    channel.settings("priority", role=PAINTER, allow=False)
    told = channel.act(command="quota", user_id=user, locale="en-US", raw=WITH_PRIORITY)
    assert "**3** of 1 units" in said(told)


def test_the_queue_tells_the_place_and_the_state_of_the_fleet(channel: Channel) -> None:
    user = channel.newcomer()
    assert "None of your requests is waiting" in said(
        channel.act(command="queue", user_id=user, locale="en-US")
    )
    channel.imagine(user, options={"prompt": "a *green* star"})
    told = said(channel.act(command="queue", user_id=user, locale="en-US"))
    assert r"a \*green\* star" in told
    assert "ahead" in told
    assert "asleep" in told or "Machines" in told


def test_it_is_kept_who_asked_for_what_and_never_a_token(channel: Channel) -> None:
    user = channel.newcomer()
    sent = channel.imagine(user, options={"prompt": "a quiet lake"})
    kept = channel.item(f"audit#{GUILD}#{sent['interaction_id']}")
    job = channel.item(f"job#{sent['interaction_id']}")
    assert kept is not None
    assert job is not None
    assert (kept["action"], kept["user_id"]) == ({"S": "imagine"}, {"S": user})
    assert "a quiet lake" in kept["parameters"]["S"]
    days = (float(kept["ttl"]["N"]) - float(kept["at"]["N"])) / 86_400
    assert days == pytest.approx(30, abs=0.01)
    assert job["token"]["S"] not in str(kept)


def test_parameters_are_shown_to_whoever_asks(channel: Channel) -> None:
    sent = channel.imagine(
        channel.newcomer(), options={"prompt": "a ring", "seed": 99, "size": "wide"}
    )
    shown = show_parameters(channel, sent["message_id"])
    assert "seed 99" in shown
    other = channel.act(command="help", user_id=CHIYO, locale="en-US")
    assert "no pictures that I made" in show_parameters(channel, other["message_id"])


def show_parameters(channel: Channel, message_id: str) -> str:
    sent = channel.act(
        command="Show parameters",
        command_type=3,
        target_id=message_id,
        user_id=CHIYO,
        locale="en-US",
    )
    assert is_private(sent)
    return said(sent)
