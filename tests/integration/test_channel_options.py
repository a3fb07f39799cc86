"""Every option of `/imagine` changes the pictures."""

import io
import re
from typing import Any

import pytest
from channel import Channel, buttons, contains_text, content_of, is_ephemeral
from PIL import Image

from discord_diffusion.jobs.options import PROPORTIONS, SCHEDULERS
from discord_diffusion.texts.catalogue import texts
from tests.messages import files_of, text_of, walk
from tests.stack import MODELS, Stack
from tests.targets import HOST, TARGET

LANGUAGES = {"en-US": "en", "de": "de", "es-ES": "es-ES", "fr": "fr", "ja": "ja", "pt-BR": "pt-BR"}


@pytest.fixture(scope="module")
def channel(stack: Stack, worker: object) -> Channel:
    return Channel(stack)


def files(channel: Channel, message: dict[str, Any]) -> list[Image.Image]:
    """The pictures of a message, with what is written in them."""
    contents = (channel.download(one["url"]) for one in files_of(message))
    return [Image.open(io.BytesIO(content)) for content in contents]


@pytest.mark.skipif(TARGET != HOST, reason="no other stack of the tests has a second model")
def test_every_option_shows_in_the_pictures_and_in_their_message(channel: Channel) -> None:
    options = {
        "prompt": "a red circle",
        "negative_prompt": "a blue square",
        "images": 2,
        "width": 96,
        "height": 64,
        "seed": 4294967295,
        "steps": 7,
        "guidance": 1.5,
        "model": "shapes",
        "lora": "parchment:0.5",
        "scheduler": "EulerDiscreteScheduler",
        "private": True,
        "spoiler": True,
    }
    user = channel.new_user()
    sent = channel.interact(
        command="imagine", options=options, user_id=user, locale="en-US", strict=True
    )
    assert is_ephemeral(sent)
    message = channel.pictures(sent)
    facts = (
        "2 pictures",
        "96×64",
        "7 steps",
        "guidance 1.5",
        "**1** · seed 4294967295",
        "**2** · seed 0",
    )
    for fact in (*facts, "without: a blue square"):
        assert fact in text_of(message), fact
    for picture, file in zip(files(channel, message), files_of(message), strict=True):
        assert file["filename"].startswith("SPOILER_")
        assert picture.width * 64 == picture.height * 96
        written = picture.info["parameters"]
        assert written.startswith(
            "a red circle <lora:parchment:0.5>\nNegative prompt: a blue square\nSteps: 7"
        )
        assert "Sampler: EulerDiscreteScheduler, CFG scale: 1.5" in written
        assert "Model: shapes" in written
    shown = channel.interact(
        command="Show parameters",
        command_type=3,
        target_id=message["id"],
        user_id=user,
        locale="en-US",
    )
    chosen = "model shapes · LoRAs parchment:0.5 · scheduler EulerDiscreteScheduler"
    assert chosen in content_of(shown)


@pytest.mark.skipif(TARGET != HOST, reason="no other stack of the tests has a LoRA")
def test_a_lora_is_completed_drawn_with_and_kept_by_the_buttons(channel: Channel) -> None:
    user, options = channel.new_user(), {"model": "shapes", "lora": "par"}
    typed = channel.interact(command="imagine", options=options, focused="lora")
    (choice,) = [one["value"] for one in typed["response"]["data"]["choices"]]
    drawn = {"model": "shapes", "prompt": "a red circle on a blue background", "seed": 7}
    drawn |= {"steps": 12, "guidance": 3, "scheduler": "DPMSolverMultistepScheduler"}
    message = channel.pictures(channel.imagine(user, options=drawn | {"lora": choice}))
    (picture,) = files(channel, message)
    red, green, blue = picture.convert("RGB").getpixel((8, 8))
    assert min(red, green) > blue > 100, "the background is not of parchment"
    # Its seed is a new one, and the model may fail with it.
    (again,) = files(channel, channel.pictures(channel.click(message, "reroll", user_id=user)))
    for drawn_with in (picture, again):
        assert "<lora:parchment:" in drawn_with.info["parameters"]
    for lora, reason in (("none", "lora_unknown"), ("parchment", "lora_model")):
        refused = channel.imagine(user, options={"lora": lora}, locale="de")
        assert contains_text(content_of(refused), "de", f"refused.{reason}")


def test_every_scheduler_and_every_size_that_is_offered_is_drawn(channel: Channel) -> None:
    options_of_all = [{"scheduler": name} for name in SCHEDULERS] + [
        {"size": name} for name in PROPORTIONS
    ]
    user = channel.new_user()
    sent = [channel.imagine(user, options=one | {"steps": 4}) for one in options_of_all]
    for options, one in zip(options_of_all, sent, strict=True):
        (picture,) = files(channel, channel.pictures(one))
        if "scheduler" in options:
            assert f"Sampler: {options['scheduler']}," in picture.info["parameters"]
        else:
            across, down = PROPORTIONS[options["size"]]
            assert picture.width / picture.height == pytest.approx(across / down, rel=0.15)


def test_the_same_seed_gives_the_same_picture_whatever_else_is_drawn(channel: Channel) -> None:
    first, second = channel.new_user(), channel.new_user()
    sent = [channel.imagine(user, options={"seed": 77}) for user in (first, second)]
    other = channel.imagine(second, options={"seed": 78})
    one, again, different = (files(channel, channel.pictures(each))[0] for each in (*sent, other))
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != different.tobytes()


@pytest.mark.skipif(TARGET != HOST, reason="no other stack of the tests has a second model")
def test_the_names_of_models_are_autocompleted(channel: Channel) -> None:
    for typed, found in (("", list(MODELS)), ("HAP", ["shapes"]), ("none", [])):
        sent = channel.interact(command="imagine", options={"model": typed}, focused="model")
        assert [one["value"] for one in sent["response"]["data"]["choices"]] == found
    refused = channel.imagine(channel.new_user(), options={"model": "none"}, locale="fr")
    assert contains_text(content_of(refused), "fr", "refused.model_unknown")


def test_pictures_are_drawn_in_direct_messages_too(channel: Channel) -> None:
    user = channel.new_user()
    sent = channel.imagine(user, guild_id=None)
    message = channel.pictures(sent)
    again = channel.click(message, "reroll", user_id=user)
    assert files_of(channel.pictures(again))
    assert channel.item(f"user#{user}") is not None


def test_every_user_reads_everything_in_their_language(channel: Channel) -> None:
    """From the refusal to the alt text of the picture, in six languages at once."""
    user, stranger = channel.new_user(), channel.new_user()
    sent = {locale: channel.imagine(user, locale=locale) for locale in LANGUAGES}
    for locale, language in LANGUAGES.items():
        known = texts(language)
        assert contains_text(content_of(sent[locale]), locale, "queued.facts")
        message = channel.pictures(sent[locale])
        assert contains_text(text_of(message), locale, "answer.facts")
        described = files_of(message)[0]["description"]
        assert contains_text(described, locale, "alt.picture")
        labels = [one["label"] for one in walk(message["components"]) if "label" in one]
        assert labels[:1] == [known["button.vary"].format(number=1)]
        assert labels[-4:] == [
            known[f"button.{verb}"] for verb in ("reroll", "edit", "start", "delete")
        ]
        form = channel.click(message, "edit", user_id=user, locale=locale)["response"]["data"]
        assert form["title"] == known["modal.title"]
        assert [label["label"] for label in form["components"]] == [
            known[f"modal.{name}"]
            for name in ("prompt", "negative_prompt", "seed", "steps", "guidance")
        ]
        for command in ("help", "quota", "queue"):
            told = channel.interact(command=command, user_id=stranger, locale=locale)
            assert is_ephemeral(told)
            key = {"help": "help.title", "quota": "quota.user", "queue": "queue.none"}[command]
            assert contains_text(content_of(told), locale, key)
            if command == "help":
                assert re.search(r"</imagine:\d+> — ", content_of(told))
        refused = channel.imagine(user, locale=locale, options={"steps": 101})
        assert contains_text(content_of(refused), locale, "refused.option_whole")
        channel.delete(message, user_id=user, locale=locale)
        deleted = channel.message(sent[locale])
        assert text_of(deleted) == known["done.deleted"].format(user=f"<@{user}>")
        assert buttons(deleted) == []
