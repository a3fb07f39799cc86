"""Buttons under an answer: each makes one job, also after a restart, or says why it does not."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import numpy as np
import pytest
from channel import (
    ADA,
    BORIS,
    CHIYO,
    Channel,
    buttons,
    content_of,
    has_button,
    is_ephemeral,
    job_of,
)
from PIL import Image

from discord_diffusion.jobs.units import HUNDREDTHS
from emulation.rig.emulator_client import client_options
from tests.integration import rights
from tests.messages import files_of, inputs_of, text_of
from tests.stack import Stack
from tests.targets import HOST, TARGET


@pytest.fixture(scope="module")
def channel(stack: Stack, worker: object) -> Channel:
    return Channel(stack)


@pytest.fixture(scope="module")
def answered(channel: Channel) -> dict[str, Any]:
    """An answer of Boris' with two pictures."""
    sent = channel.interact(
        command="imagine",
        options={"prompt": "a red circle", "seed": 7, "images": 2},
        user_id=BORIS,
        locale="en-US",
    )
    # As it was answered at first: what shows how far a worker is has no buttons.
    assert has_button(sent["response"]["data"], "cancel")
    return channel.pictures(sent)


def size_of(channel: Channel, message: dict[str, Any]) -> tuple[int, int]:
    content = channel.download(files_of(message)[0]["url"])
    return Image.open(io.BytesIO(content)).size


def test_an_answer_has_a_button_for_everything_and_for_each_picture(
    answered: dict[str, Any],
) -> None:
    verbs = Counter(one.split(":")[0] for one in buttons(answered))
    assert verbs == {
        "vary": 2, "upscale": 2, "seed": 2, "zoom_out": 2, "pan": 2,
        "reroll": 1, "edit": 1, "start": 1, "delete": 1,
    }  # fmt: skip


def test_reroll_draws_other_pictures_of_the_same_request(
    channel: Channel, answered: dict[str, Any]
) -> None:
    again = channel.pictures(channel.click(answered, "reroll", user_id=CHIYO, locale="en-US"))
    assert "a red circle" in text_of(again)
    assert len(files_of(again)) == 2
    first, second = (channel.download(files_of(m)[0]["url"]) for m in (answered, again))
    assert first != second
    assert job_of(again) != job_of(answered)


def test_a_variation_starts_from_the_picture_and_keeps_its_size(
    channel: Channel, answered: dict[str, Any]
) -> None:
    sent = channel.click(answered, "vary", 1, user_id=BORIS)
    varied = channel.pictures(sent)
    record = channel.item(f"job#{job_of(varied)}")
    assert record is not None
    assert f"{job_of(answered)}-1." in record["parameters"]["S"]
    assert size_of(channel, varied) == size_of(channel, answered)


def test_an_enlarged_picture_is_twice_as_large_and_can_be_varied_at_that_size(
    channel: Channel, answered: dict[str, Any]
) -> None:
    large = channel.pictures(channel.click(answered, "upscale", 0, user_id=BORIS))
    width, height = size_of(channel, answered)
    assert size_of(channel, large) == (2 * width, 2 * height)
    assert len(files_of(large)) == 1
    varied = channel.pictures(channel.click(large, "vary", 0, user_id=BORIS))
    assert size_of(channel, varied) == (2 * width, 2 * height)


def test_what_is_around_a_picture_is_drawn_and_the_picture_stays(
    channel: Channel, answered: dict[str, Any]
) -> None:
    width, height = size_of(channel, answered)
    outside = channel.pictures(channel.click(answered, "zoom_out", 1, user_id=BORIS))
    assert size_of(channel, outside) == (width, height)
    opened = channel.click(answered, "pan", 0, user_id=BORIS)
    fields = {"direction": "left", "prompt": "a red circle"}
    sent = channel.interact(modal=opened["interaction_id"], fields=fields, user_id=BORIS)
    wider = channel.pictures(sent)
    assert size_of(channel, wider) == (width + width // 2, height)
    before, after = (
        np.asarray(Image.open(io.BytesIO(channel.download(files_of(one)[0]["url"]))), dtype=int)
        for one in (answered, wider)
    )
    # Here both were enlarged for showing, and the first was made small again before it was kept.
    kept = slice(-(width - width // 8), None)
    assert abs(after[:, kept] - before[:, kept]).mean() < 2
    assert abs(after[:, :width] - before).mean() > 2


@pytest.mark.parametrize(("verb", "seed"), [("edit", ""), ("seed", "7")])
def test_a_modal_shows_the_old_values_and_draws_the_new_ones(
    channel: Channel, answered: dict[str, Any], verb: str, seed: str
) -> None:
    opened = channel.click(answered, verb, user_id=BORIS, locale="en-US")
    assert opened["response"]["type"] == 9
    inputs = inputs_of(opened["response"]["data"])
    shown = {one["custom_id"]: one.get("value", "") for one in inputs}
    assert (shown["prompt"], shown["seed"]) == ("a red circle", seed)
    fields = {"prompt": f"a blue star {verb}", "steps": "5"}
    sent = channel.interact(modal=opened["interaction_id"], fields=fields, user_id=BORIS)
    drawn = channel.pictures(sent)
    assert f"a blue star {verb}" in text_of(drawn)
    wrong = channel.interact(
        modal=opened["interaction_id"], fields={"steps": "many"}, user_id=BORIS, locale="en-US"
    )
    assert is_ephemeral(wrong)
    assert "`steps`" in content_of(wrong)


@pytest.mark.parametrize("verb", ["reroll", "vary", "upscale"])
def test_several_clicks_on_a_button_make_one_job(
    channel: Channel, answered: dict[str, Any], verb: str
) -> None:
    user = channel.new_user()
    # A button works again once its job has ended: no click is late, and no job ends meanwhile.
    at_once(lambda: channel.interact(command="quota", user_id=user))
    with channel.stack.no_answer_edited():
        sent = at_once(lambda: channel.click(answered, verb, 0, user_id=user, locale="en-US"))
    refused = [one for one in sent if is_ephemeral(one)]
    assert len(refused) == len(sent) - 1
    assert {content_of(one) for one in refused} == {
        "I am already doing that. Nothing more was charged; please wait for the pictures."
    }
    (taken,) = (one for one in sent if not is_ephemeral(one))
    channel.pictures(taken)
    record = channel.item(f"job#{taken['interaction_id']}")
    assert record is not None
    assert channel.used(user) == int(record["units"]["N"]) / HUNDREDTHS


def test_a_modal_that_is_submitted_several_times_makes_one_job(
    channel: Channel, answered: dict[str, Any]
) -> None:
    user = channel.new_user()
    form = channel.click(answered, "edit", user_id=user)["interaction_id"]

    def send(prompt: str) -> dict[str, Any]:
        return channel.interact(modal=form, fields={"prompt": prompt}, user_id=user, locale="en-US")

    with channel.stack.no_answer_edited():
        sent = at_once(lambda: send("a green ring"))
    assert sum(is_ephemeral(one) for one in sent) == len(sent) - 1
    assert not is_ephemeral(send("a green star")), "other values are another request"


def at_once(click: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
    """The outcomes of requests at the same moment."""
    with ThreadPoolExecutor(4) as pool:
        return [one.result() for one in [pool.submit(click) for _ in range(4)]]


def test_only_the_author_or_a_moderator_can_delete(channel: Channel) -> None:
    sent = channel.interact(command="imagine", options={"prompt": "a square"}, user_id=BORIS)
    message = channel.pictures(sent)
    refused = channel.click(message, "delete", user_id=CHIYO, locale="en-US")
    assert "Only who asked for it" in content_of(refused)
    with ThreadPoolExecutor(2) as pool:
        assert any(pool.map(lambda _: moderate(channel, message), range(2)))
    gone = channel.message(sent)
    assert files_of(gone) == []
    assert buttons(gone) == []
    assert text_of(gone) == f"Deleted by <@{ADA}>."


def moderate(channel: Channel, message: dict[str, Any]) -> bool:
    """Delete the pictures; returns whether the button was still there."""
    return channel.delete_if_present(message, user_id=ADA, locale="en-US")


@pytest.fixture
def restarted(stack: Stack) -> Iterator[None]:
    """The function `interactions` in a new process, described as Terraform does afterwards."""
    client = boto3.client("lambda", **client_options(stack.state))
    name = stack.state.interactions_function_name
    described = client.get_function_configuration(FunctionName=name)["Description"]
    for description in ("restarted", described):
        client.update_function_configuration(FunctionName=name, Description=description)
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
        if description != described:
            yield


def test_buttons_work_after_a_restart(
    channel: Channel, answered: dict[str, Any], restarted: None
) -> None:
    sent = channel.click(answered, "reroll", user_id=BORIS)
    assert files_of(channel.pictures(sent))


def test_the_buttons_of_a_job_without_a_record_say_that_it_is_too_long_ago(
    channel: Channel,
) -> None:
    sent = channel.interact(command="imagine", options={"prompt": "a ring"}, user_id=BORIS)
    message = channel.pictures(sent)
    key = {"id": {"S": f"job#{job_of(message)}"}}
    channel.dynamodb.delete_item(TableName=channel.table, Key=key)
    for verb in ("reroll", "edit", "seed", "vary", "upscale"):
        refused = channel.click(message, verb, user_id=BORIS, locale="en-US")
        assert is_ephemeral(refused)
        assert "too long ago" in content_of(refused)
    channel.delete(message, user_id=BORIS, locale="en-US")
    assert files_of(channel.message(sent)) == []


@pytest.mark.skipif(TARGET != HOST, reason="IAM is enforced on the host's emulator only")
def test_the_right_to_read_one_record_is_used(stack: Stack) -> None:
    rights.assert_used(__name__, stack.state)
