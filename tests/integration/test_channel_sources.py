"""Source images, and answers that are private or spoilers."""

import io

import pytest
from channel import Channel, buttons, content_of, has_button, is_ephemeral
from PIL import Image

from tests.messages import files_of, text_of
from tests.stack import Stack

USER = "1555555555555555555"


@pytest.fixture(scope="module")
def channel(stack: Stack, worker: object) -> Channel:
    return Channel(stack)


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_is_drawn_from_a_source_image(channel: Channel) -> None:
    before = channel.used(USER)
    image = channel.upload("red.png", png(), "image/png")
    options = {"prompt": "a blue circle", "image": image, "strength": 0.8, "images": 1}
    sent = channel.interact(command="imagine", options=options, user_id=USER, strict=True)
    assert files_of(channel.pictures(sent))
    # 9 of 12 steps, and the source image is encoded.
    assert channel.used(USER) == pytest.approx(before + 0.78)


def test_a_source_image_that_can_not_be_read_fails_the_job_and_costs_a_quarter_of_a_unit(
    channel: Channel,
) -> None:
    before = channel.used(USER)
    image = channel.upload("red.png", b"no picture at all", "image/png")
    options = {"prompt": "a blue circle", "image": image}
    sent = channel.interact(command="imagine", options=options, user_id=USER, locale="de")
    message = channel.wait(sent, lambda found: text_of(found).startswith("❌"))
    said = "Die Vorlage ist kein Bild, das ich lesen kann. Berechnet wurden 0,25 Einheiten"
    assert said in text_of(message)
    assert has_button(message, "reroll")
    assert not any(one.startswith(("cancel:", "vary:")) for one in buttons(message))
    channel.wait(sent, lambda _: channel.used(USER) == pytest.approx(before + 0.25))


def test_a_source_image_of_another_type_is_refused_at_once(channel: Channel) -> None:
    image = channel.upload("notes.txt", b"hello", "text/plain")
    options = {"prompt": "a blue circle", "image": image}
    sent = channel.interact(command="imagine", options=options, user_id=USER, locale="en-US")
    assert is_ephemeral(sent)
    assert "PNG, JPEG, WebP, GIF, AVIF and HEIC" in content_of(sent)


def test_a_private_answer_is_ephemeral_and_a_spoiler_is_hidden(channel: Channel) -> None:
    options = {"prompt": "a star", "private": True, "spoiler": True, "images": 1}
    sent = channel.interact(command="imagine", options=options, user_id=USER, strict=True)
    assert is_ephemeral(sent)
    message = channel.pictures(sent)
    assert files_of(message)[0]["filename"].startswith("SPOILER_")
    varied = channel.click(message, "vary", user_id=USER)
    assert is_ephemeral(varied)
    assert files_of(channel.pictures(varied))[0]["filename"].startswith("SPOILER_")
