"""A picture to begin from: drawn from if it can be used, else told and not charged."""

import io

import pytest
from channel import Channel, buttons, has, is_private, said
from PIL import Image

from tests.stack import Stack

USER = "1555555555555555555"


@pytest.fixture(scope="module")
def channel(stack: Stack, worker: object) -> Channel:
    return Channel(stack)


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_is_drawn_from_another(channel: Channel) -> None:
    before = channel.used(USER)
    image = channel.upload("red.png", png(), "image/png")
    options = {"prompt": "a blue circle", "image": image, "strength": 0.8, "images": 1}
    sent = channel.act(command="imagine", options=options, user_id=USER, strict=True)
    assert channel.pictures(sent)["attachments"]
    assert channel.used(USER) == before + 1


def test_what_is_no_picture_is_told_in_the_message_and_given_back(channel: Channel) -> None:
    before = channel.used(USER)
    image = channel.upload("red.png", b"no picture at all", "image/png")
    options = {"prompt": "a blue circle", "image": image}
    sent = channel.act(command="imagine", options=options, user_id=USER, locale="de")
    message = channel.wait(sent, lambda found: found["content"].startswith("❌"))
    assert "Die Vorlage war nicht brauchbar. Es wurde nichts berechnet" in message["content"]
    assert has(message, "reroll")
    assert not any(one.startswith(("cancel:", "vary:")) for one in buttons(message))
    channel.wait(sent, lambda _: channel.used(USER) == before)


def test_a_file_of_another_kind_is_refused_at_once(channel: Channel) -> None:
    image = channel.upload("notes.txt", b"hello", "text/plain")
    options = {"prompt": "a blue circle", "image": image}
    sent = channel.act(command="imagine", options=options, user_id=USER, locale="en-US")
    assert is_private(sent)
    assert "PNG, JPEG and WebP" in said(sent)


def test_a_private_answer_is_for_its_user_alone_and_a_spoiler_is_veiled(channel: Channel) -> None:
    options = {"prompt": "a star", "private": True, "spoiler": True, "images": 1}
    sent = channel.act(command="imagine", options=options, user_id=USER, strict=True)
    assert is_private(sent)
    message = channel.pictures(sent)
    assert message["attachments"][0]["filename"].startswith("SPOILER_")
    varied = channel.press(message, "vary", user_id=USER)
    assert is_private(varied)
    assert channel.pictures(varied)["attachments"][0]["filename"].startswith("SPOILER_")
