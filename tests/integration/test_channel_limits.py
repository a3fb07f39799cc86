"""Limits of units, cooldowns and jobs in flight hold exactly, and a cancelled job costs nothing.

No worker runs.
"""

import math
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from channel import (
    CHIYO,
    GUILD,
    PAINTER,
    Channel,
    buttons,
    channel_with_default_settings,
    contains_text,
    content_of,
    has_button,
    is_ephemeral,
)

from discord_diffusion.access.limits import PAUSE_AFTER_CANCEL_SECONDS
from emulation.rig.waiting import wait_until
from tests.integration import rights
from tests.messages import text_of
from tests.stack import Stack
from tests.targets import HOST, TARGET

WITH_PRIORITY = {"member": {"roles": [PAINTER]}}


@pytest.fixture
def channel(stack: Stack) -> Iterator[Channel]:
    with channel_with_default_settings(stack) as channel:
        yield channel


def test_fifty_requests_at_once_with_ten_units_make_ten_jobs(channel: Channel) -> None:
    channel.settings("limits", user_units=10)
    user, options = channel.new_user(), {"prompt": "a red circle", "images": 1}

    def ask(_: int) -> str:
        """The outcome of one request."""
        sent = channel.interact_patiently(
            command="imagine", options=options, user_id=user, locale="en-US"
        )
        return "refused" if is_ephemeral(sent) else "taken"

    with ThreadPoolExecutor(12) as pool:
        outcomes = Counter(pool.map(ask, range(50)))
    assert outcomes == {"taken": 10, "refused": 40}
    assert channel.used(user) == 10
    refused = content_of(channel.imagine(user))
    assert "of your 10 for today in this server 0 are left" in refused
    channel.cancel(user)
    assert channel.used(user) == 0


def test_the_units_of_a_guild_are_shared_by_its_users_and_refunded(channel: Channel) -> None:
    quota = content_of(channel.interact(command="quota", user_id=CHIYO, locale="en-US"))
    used = float(quota.split("**")[3])
    # Room for one picture with the defaults, and less than another.
    limit = math.ceil(used) + 1
    channel.settings("limits", server_units=limit)
    first, second = channel.new_user(), channel.new_user()
    assert not is_ephemeral(channel.imagine(first))
    quota = content_of(channel.interact(command="quota", user_id=second, locale="en-US"))
    assert f"This server has used **{used + 1:.10g}** of {limit} units" in quota
    refused = content_of(channel.imagine(second))
    assert contains_text(refused, "en-US", "refused.quota_guild")
    assert f"of this server's {limit} for today" in refused
    channel.cancel(first)
    assert not is_ephemeral(channel.imagine(second))


def test_a_cancelled_job_costs_nothing_and_its_message_says_so(
    channel: Channel, fast_scaling_loop: None
) -> None:
    user = channel.new_user()
    sent = channel.imagine(user)
    message = channel.message(sent)
    assert has_button(message, "cancel"), text_of(message)
    assert channel.used(user) == 1
    refused = channel.click(message, "cancel", user_id=CHIYO, locale="en-US")
    assert "Only who asked for it" in content_of(refused)
    with ThreadPoolExecutor(3) as pool:
        clicks = pool.map(
            lambda _: channel.click_if_present(message, "cancel", user_id=user), range(3)
        )
        assert any(clicks)
    gone = channel.message(sent)
    assert text_of(gone).endswith("Cancelled. Nothing was charged for it.")
    assert buttons(gone) == []
    assert channel.used(user) == 0, "three clicks give back once"
    item = channel.item(f"job#{sent['interaction_id']}")
    assert item is not None
    assert item["status"] == {"S": "cancelled"}
    # The Lambda `waiting` removes it once it has seen that the message says so.
    key = f"job#{sent['interaction_id']}"
    wait_until(lambda: "token" not in (channel.item(key) or {}), "the token is removed")


def test_a_job_that_is_cancelled_by_command_says_so_in_its_own_message(
    channel: Channel, fast_scaling_loop: None
) -> None:
    """The Lambda `waiting` writes it, which the scaling loop invokes."""
    user = channel.new_user()
    assert contains_text(
        content_of(channel.interact(command="cancel", user_id=user, locale="ja")),
        "ja",
        "refused.nothing_to_cancel",
    )
    sent = [channel.imagine(user, locale="pt-BR") for _ in range(2)]
    account = channel.item(f"user#{user}")
    assert account is not None
    # More than these two, where a slow queue has taken one of which the user reads that it has not.
    in_flight = len(account["jobs"]["SS"])
    done = channel.interact(command="cancel", user_id=user, locale="de")
    said = f"Abgebrochene Anfragen: {in_flight}. Dafür wurde nichts berechnet."
    assert (in_flight >= len(sent), content_of(done)) == (True, said)
    assert channel.used(user) == 0
    for one in sent:
        message = channel.wait(one, lambda found: "Cancelado" in text_of(found))
        assert contains_text(text_of(message), "pt-BR", "done.cancelled")
        assert not has_button(message, "cancel")


def test_what_a_moderator_stops_says_so_in_its_own_message_and_is_refunded(
    channel: Channel, fast_scaling_loop: None
) -> None:
    sent = [channel.imagine(CHIYO, locale="pt-BR") for _ in range(2)]
    other = channel.imagine(channel.new_user())
    assert f"requests of <@{CHIYO}>" in channel.settings("stop", user=CHIYO)
    for one in sent:
        message = channel.wait(one, lambda found: not has_button(found, "cancel"))
        assert contains_text(text_of(message), "pt-BR", "failed.stopped_waiting")
        item = channel.item(f"job#{one['interaction_id']}")
        assert item is not None
        assert item["status"] == {"S": "cancelled"}
    assert has_button(channel.message(other), "cancel"), "another user's goes on"


def test_a_user_who_cancels_can_not_request_again_for_a_moment(channel: Channel) -> None:
    user = channel.new_user()
    channel.imagine(user)
    began = time.time()
    channel.interact(command="cancel", user_id=user, locale="en-US")
    assert began <= cancelled_at(channel, user) <= time.time()
    # The moment is moved in the table, for a pause that outlasts any request.
    cancelled_at(channel, user, time.time() + 600)
    second = channel.imagine(user)
    assert contains_text(content_of(second), "en-US", "refused.just_cancelled")
    assert channel.used(user) == 0
    cancelled_at(channel, user, time.time() - PAUSE_AFTER_CANCEL_SECONDS)
    assert not is_ephemeral(channel.imagine(user))


def cancelled_at(channel: Channel, user: str, moment: float | None = None) -> float:
    """When a user's last cancelled job was cancelled, after it has been set to a moment."""
    key: dict[str, Any] = {"id": {"S": f"user#{user}"}}
    if moment is not None:
        channel.dynamodb.update_item(
            TableName=channel.table,
            Key=key,
            UpdateExpression="SET cancelled_at = :moment",
            ExpressionAttributeValues={":moment": {"N": str(moment)}},
        )
    item = channel.dynamodb.get_item(TableName=channel.table, Key=key, ConsistentRead=True)["Item"]
    return float(item["cancelled_at"]["N"])


def test_the_cooldown_and_the_limit_of_jobs_in_flight_refuse_requests(channel: Channel) -> None:
    user = channel.new_user()
    channel.settings("limits", jobs=2)
    for _ in range(2):
        assert not is_ephemeral(channel.imagine(user))
    assert "already have 2 requests" in content_of(channel.imagine(user))
    quota = content_of(channel.interact(command="quota", user_id=user, locale="en-US"))
    assert "Not finished: 2 of 2 requests." in quota
    channel.settings("limits", jobs=5, cooldown=600)
    assert "One request every 600 s" in content_of(channel.imagine(user))
    channel.settings("limits", cooldown=0)
    assert not is_ephemeral(channel.imagine(user))


def test_a_role_with_priority_has_three_times_the_limits(channel: Channel) -> None:
    channel.settings("limits", user_units=1, cooldown=600)
    channel.settings("priority", role=PAINTER, allow=True)
    user = channel.new_user()
    answers = [channel.imagine(user, raw=WITH_PRIORITY) for _ in range(4)]
    assert [is_ephemeral(one) for one in answers] == [False, False, False, True]
    answer = channel.interact(command="quota", user_id=user, locale="en-US", raw=WITH_PRIORITY)
    assert "**3** of 3 units" in content_of(answer)
    channel.settings("priority", role=PAINTER, allow=False)
    answer = channel.interact(command="quota", user_id=user, locale="en-US", raw=WITH_PRIORITY)
    assert "**3** of 1 units" in content_of(answer)


def test_the_command_queue_shows_the_users_jobs_and_the_state_of_the_fleet(
    channel: Channel,
) -> None:
    user = channel.new_user()
    assert "None of your requests is waiting" in content_of(
        channel.interact(command="queue", user_id=user, locale="en-US")
    )
    channel.imagine(user, options={"prompt": "a *green* star"})
    answer = content_of(channel.interact(command="queue", user_id=user, locale="en-US"))
    assert r"a \*green\* star" in answer
    assert "ahead" in answer
    assert "asleep" in answer or "Machines" in answer


def test_the_audit_record_has_the_user_and_the_request_and_never_a_token(channel: Channel) -> None:
    user = channel.new_user()
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


def test_every_user_can_show_the_parameters_of_an_answer(channel: Channel) -> None:
    sent = channel.imagine(
        channel.new_user(), options={"prompt": "a ring", "seed": 99, "size": "wide"}
    )
    shown = show_parameters(channel, sent["message_id"])
    assert "seed 99" in shown
    assert "Units: 1" in shown
    other = channel.interact(command="help", user_id=CHIYO, locale="en-US")
    assert "no pictures that I made" in show_parameters(channel, other["message_id"])


def show_parameters(channel: Channel, message_id: str) -> str:
    sent = channel.interact(
        command="Show parameters",
        command_type=3,
        target_id=message_id,
        user_id=CHIYO,
        locale="en-US",
    )
    assert is_ephemeral(sent)
    return content_of(sent)


@pytest.mark.skipif(TARGET != HOST, reason="IAM is enforced on the host's emulator only")
def test_the_right_to_list_the_users_jobs_is_used(stack: Stack) -> None:
    rights.assert_used(__name__, stack.state)
