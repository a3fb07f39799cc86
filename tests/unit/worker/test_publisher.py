"""Publishing to Discord, over real HTTP on loopback."""

import io
import json
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from PIL import Image

from discord_diffusion.discord.errors import (
    InteractionGoneError,
    NotAnsweredYetError,
    UnavailableError,
)
from discord_diffusion.discord.webhooks import WebhookClient
from discord_diffusion.worker.answer import compose
from discord_diffusion.worker.errors import LeaseLostError, PicturesTooLargeError
from discord_diffusion.worker.pipeline_types import Generation, PhaseSeconds, Picture
from discord_diffusion.worker.publisher import MessageState, Publisher
from discord_diffusion.worker.retries import Retrier
from tests.local_discord import LocalDiscord
from tests.messages import buttons_of, files_of, text_of
from tests.unit.worker.fakes import MODEL, make_generation, make_job


@pytest.fixture
def discord() -> Any:
    with LocalDiscord() as server:
        yield server


def publisher_to(discord: LocalDiscord) -> Publisher:
    return Publisher(WebhookClient(discord.url), Retrier(sleep=lambda _seconds: None))


def noisy(count: int) -> Generation:
    pictures = tuple(
        Picture(
            Image.frombytes("RGB", (96, 96), random.Random(seed).randbytes(96 * 96 * 3)), seed, seed
        )
        for seed in range(count)
    )
    return Generation(pictures, 0, PhaseSeconds(0.1, 0.1, 0.1), MODEL)


def test_pictures_arrive_as_they_were_drawn_named_by_job_and_place(discord: LocalDiscord) -> None:
    job = make_job(images=2)
    publisher = publisher_to(discord)
    generation = make_generation(job.parameters)
    publisher.upload(compose(job, generation, scale=2, notice="Knows colours only."))
    [request] = discord.requests
    assert request.path == f"/webhooks/100/{job.token}/messages/@original"
    assert [name for name, _ in request.files] == [f"{job.id}-0.png", f"{job.id}-1.png"]
    image = Image.open(io.BytesIO(request.files[0][1]))
    assert image.size == (64, 64)
    assert image.info["parameters"].startswith("a red circle\nSteps: 3")
    assert text_of(request.payload).endswith("Knows colours only.")
    assert request.payload["attachments"][1]["description"] == "Drawn from: a red circle (seed 8)"


@pytest.mark.parametrize(
    "failures",
    [
        [(503, {}), (500, {})],
        [(429, {"retry_after": 0.01, "global": False})],
        [(404, {"code": 10015, "message": "Unknown Webhook"})] * 3,
        ["reset"],
        ["reset", (502, {}), (429, {"retry_after": 0.01})],
    ],
    ids=["5xx", "429", "early 404", "connection reset", "all of it"],
)
def test_an_upload_is_retried_after_a_transient_failure(
    discord: LocalDiscord, failures: list[Any]
) -> None:
    discord.failures += failures
    job = make_job(images=1)
    publisher = publisher_to(discord)
    publisher.upload(compose(job, make_generation(job.parameters)))
    assert discord.failures == []
    uploads = [request for request in discord.requests if request.method == "PATCH"]
    assert len(uploads[-1].files) == 1
    assert publisher.message_state(job) is MessageState.PICTURES


@pytest.mark.parametrize("lost", ["lost answer", (504, {})], ids=str)
def test_an_upload_whose_answer_was_lost_is_not_sent_twice(
    discord: LocalDiscord, lost: Any
) -> None:
    job = make_job(images=1)
    publisher = publisher_to(discord)
    answer = compose(job, make_generation(job.parameters))
    discord.failures.append(lost)
    discord.applies_failed_requests = True
    publisher.upload(answer)
    assert [request.method for request in discord.requests] == ["PATCH", "GET"]


def test_an_upload_that_is_too_large_for_discord_is_repeated_with_smaller_files(
    discord: LocalDiscord,
) -> None:
    discord.largest_request = 40_000
    job = make_job(images=4)
    publisher = publisher_to(discord)
    answer = compose(job, noisy(4))
    assert {file.media_type for file in answer.files} == {"image/png"}
    publisher.upload(answer)
    sizes = [sum(len(content) for _, content in request.files) for request in discord.requests]
    assert len(sizes) > 1
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 40_000
    assert len(discord.requests[-1].files) == 4


def test_an_upload_that_discord_refuses_in_every_size_fails(discord: LocalDiscord) -> None:
    discord.largest_request = 0
    job = make_job(images=1)
    publisher = publisher_to(discord)
    with pytest.raises(PicturesTooLargeError):
        publisher.upload(compose(job, noisy(1)))


def test_the_attachment_limit_of_the_interaction_is_kept() -> None:
    answer = compose(make_job(limit=6000, images=4), noisy(4))
    assert len(answer.files) == 4
    assert all(0 < len(file.content) <= 6000 for file in answer.files)


def test_an_upload_with_an_expired_token_is_tried_once(discord: LocalDiscord) -> None:
    discord.failures += [(401, {"code": 50027, "message": "Invalid Webhook Token"})] * 2
    job = make_job(images=1)
    publisher = publisher_to(discord)
    with pytest.raises(InteractionGoneError):
        publisher.upload(compose(job, make_generation(job.parameters)))
    assert len(discord.requests) == 1


def test_no_call_is_retried_after_the_token_has_expired(discord: LocalDiscord) -> None:
    discord.failures += [(404, {"code": 10015, "message": "Unknown Webhook"})] * 5
    with pytest.raises(NotAnsweredYetError):
        publisher_to(discord).message_state(make_job(age=timedelta(minutes=16)))
    assert len(discord.requests) == 1


def test_only_pictures_of_the_same_job_count_as_its_answer(discord: LocalDiscord) -> None:
    job, other = make_job(images=1), make_job(images=1)
    publisher = publisher_to(discord)
    assert publisher.message_state(job) is MessageState.PENDING
    publisher.upload(compose(other, make_generation(other.parameters)))
    assert publisher.message_state(other) is MessageState.PICTURES
    assert publisher.message_state(job) is MessageState.PENDING


def test_when_all_pictures_are_held_back_the_user_gets_text_alone(discord: LocalDiscord) -> None:
    job = make_job(images=2)
    publisher = publisher_to(discord)
    publisher.upload(compose(job, make_generation(job.parameters, filtered=2)))
    [request] = discord.requests
    assert request.files == []
    assert request.payload["attachments"] == []
    assert "held back" in text_of(request.payload)


def test_the_answer_is_repeated_without_touching_the_pictures(discord: LocalDiscord) -> None:
    job = make_job(images=1)
    publisher = publisher_to(discord)
    answer = compose(job, make_generation(job.parameters))
    publisher.upload(answer)
    publisher.repeat(answer)
    assert "attachments" not in discord.requests[-1].payload
    assert publisher.message_state(job) is MessageState.PICTURES


def test_a_progress_edit_is_tried_once(discord: LocalDiscord) -> None:
    discord.failures += [(503, {})]
    with pytest.raises(Exception, match="503"):
        publisher_to(discord).show_progress(make_job(), "Working")
    assert len(discord.requests) == 1


def test_an_apology_is_sent_as_json_with_the_buttons_of_the_job() -> None:
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        return httpx.Response(200, json={})

    client = WebhookClient("http://discord.test", transport=httpx.MockTransport(answer))
    job = make_job()
    Publisher(client).apologise(job, "sorry")
    assert buttons_of(seen[0]) == [
        f"{action}:{job.id}:0" for action in ("reroll", "edit", "start", "delete")
    ]
    assert text_of(seen[0]).startswith("❌ sorry\n> a red circle")
    assert "attachments" not in seen[0]


def test_an_apology_is_found_again_by_its_signature(discord: LocalDiscord) -> None:
    job, publisher = make_job(), publisher_to(discord)
    publisher.apologise(job, "No luck.")
    assert publisher.message_state(job) is MessageState.APOLOGY


def test_a_timeout_bounds_a_call_and_its_repetitions(discord: LocalDiscord) -> None:
    discord.failures += [(503, {})] * 99
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    publisher = Publisher(WebhookClient(discord.url), Retrier(sleep=sleep, clock=lambda: now[0]))
    for call in (
        lambda: publisher.apologise(make_job(), "sorry", timeout_seconds=5),
        lambda: publisher.message_state(make_job(), timeout_seconds=5),
    ):
        began = now[0]
        with pytest.raises(UnavailableError):
            call()
        assert 0 < now[0] - began < 5
    assert discord.failures, "not as often as the policy allows"


def test_a_sketch_is_replaced_by_the_pictures(discord: LocalDiscord) -> None:
    job, publisher = make_job(images=1), publisher_to(discord)
    publisher.show_progress(job, "half", Image.new("RGB", (16, 8)))
    assert publisher.message_state(job) is MessageState.PENDING, "a sketch is no picture"
    publisher.upload(compose(job, make_generation(job.parameters)))
    names = [[name for name, _ in request.files] for request in discord.requests if request.files]
    assert names == [["sketch.webp"], [f"{job.id}-0.png"]]
    shown = [[file["filename"] for file in files_of(one.payload)] for one in discord.requests]
    assert shown[0] == ["sketch.webp", "sketch.webp"], "listed as an attachment, and shown"


def test_a_sketch_stays_while_the_status_changes(discord: LocalDiscord) -> None:
    job, publisher = make_job(images=1), publisher_to(discord)
    publisher.show_progress(job, "begun")
    publisher.show_progress(job, "half", Image.new("RGB", (16, 8)))
    publisher.show_progress(job, "nearly")
    first, _, last = discord.requests
    assert files_of(first.payload) == []
    assert [file["filename"] for file in files_of(last.payload)] == ["sketch.webp"]
    assert "attachments" not in last.payload
    assert "nearly" in text_of(last.payload)


def test_a_sketch_that_may_not_have_arrived_is_not_shown_again(discord: LocalDiscord) -> None:
    job, publisher = make_job(images=1), publisher_to(discord)
    discord.failures += [(503, {})]
    with pytest.raises(UnavailableError):
        publisher.show_progress(job, "half", Image.new("RGB", (16, 8)))
    publisher.show_progress(job, "nearly")
    assert files_of(discord.requests[-1].payload) == []


def test_an_answer_in_smaller_files_shows_those_files(discord: LocalDiscord) -> None:
    discord.largest_request = 40_000
    job = make_job(images=4)
    publisher = publisher_to(discord)
    sent = publisher.upload(compose(job, noisy(4)))
    request = discord.requests[-1]
    uploaded = [name for name, _ in request.files]
    assert [file.filename for file in sent.files] == uploaded
    shown = files_of({"components": request.payload["components"]})
    assert [file["filename"] for file in shown] == uploaded
    publisher.repeat(sent)
    again = files_of(discord.requests[-1].payload)
    assert [file["filename"] for file in again] == uploaded


@pytest.mark.parametrize("spoiler", [True, False])
def test_an_answer_that_a_late_progress_edit_replaced_is_restored_by_another_worker(
    discord: LocalDiscord, spoiler: bool
) -> None:
    job = replace(make_job(images=2), spoiler=spoiler)
    publisher_to(discord).upload(compose(job, make_generation(job.parameters)))
    shown = discord.requests[-1].payload
    assert not publisher_to(discord).restore(job), "nothing is to be done"
    publisher_to(discord).show_progress(job, "Working on it")
    assert buttons_of(discord.requests[-1].payload) == []

    assert publisher_to(discord).restore(job)
    restored = discord.requests[-1].payload
    assert buttons_of(restored) == buttons_of(shown)
    assert files_of(restored) == files_of({"components": shown["components"]})
    assert [line for line in text_of(shown).splitlines() if "seed" in line] == [
        line for line in text_of(restored).splitlines() if "seed" in line
    ]
    assert "attachments" not in restored, "the files stay"
    assert not publisher_to(discord).restore(job)


def test_pictures_and_apologies_of_an_older_version_are_recognised(discord: LocalDiscord) -> None:
    job, publisher = make_job(), publisher_to(discord)
    path = f"/webhooks/100/{job.token}/messages/@original"
    files = [{"filename": f"{job.id}-0.png"}]
    discord.messages[path] = {"id": "1", "content": "> a red circle", "attachments": files}
    assert publisher.message_state(job) is MessageState.PICTURES
    apology = f"❌ No luck.\n> a red circle\n-# job {job.id}"
    discord.messages[path] = {"id": "1", "content": apology, "attachments": []}
    assert publisher.message_state(job) is MessageState.APOLOGY


@pytest.mark.parametrize("spoiler", [True, False])
@pytest.mark.parametrize("same_worker", [True, False])
def test_an_apology_removes_the_sketch(
    discord: LocalDiscord, spoiler: bool, same_worker: bool
) -> None:
    job, publisher = replace(make_job(), spoiler=spoiler), publisher_to(discord)
    publisher.show_progress(job, "half", Image.new("RGB", (16, 8)))
    assert discord.requests[0].files[0][0].startswith("SPOILER_") is spoiler
    apologising = publisher if same_worker else publisher_to(discord)
    apologising.message_state(job)  # as before every apology
    apologising.apologise(job, "sorry")
    assert discord.requests[-1].payload["attachments"] == []


def test_pictures_that_are_marked_as_spoilers_are_recognised(discord: LocalDiscord) -> None:
    job, publisher = replace(make_job(images=1), spoiler=True), publisher_to(discord)
    publisher.upload(compose(job, make_generation(job.parameters)))
    assert publisher.message_state(job) is MessageState.PICTURES


def test_an_upload_that_was_stopped_by_its_fence_is_not_retried(discord: LocalDiscord) -> None:
    job, publisher = make_job(images=1), publisher_to(discord)

    def lost() -> None:
        raise LeaseLostError("gone")

    with pytest.raises(LeaseLostError):
        publisher.upload(compose(job, make_generation(job.parameters)), lost)
    assert discord.requests == []
