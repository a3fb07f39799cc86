"""The text of each failure in each language, shown by a worker whose job fails that way."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from discord_diffusion.discord.errors import RequestRefusedError, UnavailableError
from discord_diffusion.functions import texts
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.jobs.record import JobStatus, WaitEstimate, WaitKind
from discord_diffusion.texts.answers import FAILURE_MARK
from discord_diffusion.texts.catalogue import LANGUAGES, say
from discord_diffusion.worker.answer import compose
from discord_diffusion.worker.errors import (
    BlankPictureError,
    GenerationError,
    MaskBlackError,
    OutOfMemoryError,
    PicturesTooLargeError,
    SourceDamagedError,
    SourceFormatError,
    SourceGoneError,
    SourceRefusedError,
    SourceTooLargeError,
    SourceUnavailableError,
    UnsupportedJobError,
)
from discord_diffusion.worker.source_images import SourceImages
from tests.messages import text_of
from tests.unit.worker.fakes import make_generation, make_job, make_message, wait_until
from tests.unit.worker.worker_harness import MAX_RECEIVES, Harness

FailJob = Callable[[Harness, Job], None]
SOURCE = SourceImage("https://cdn.test/a.png", 0.5)


def drawing_raises(error: Exception) -> FailJob:
    def fail(harness: Harness, job: Job) -> None:
        harness.generator.error = error
        harness.run(job, MAX_RECEIVES)

    return fail


def sending_raises(error: Exception) -> FailJob:
    def fail(harness: Harness, job: Job) -> None:
        harness.publisher.error = error
        harness.run(job, MAX_RECEIVES)

    return fail


def too_late(harness: Harness, job: Job) -> None:
    harness.run(replace(job, id=make_job(age=timedelta(minutes=14, seconds=57)).id))


def of_a_later_schema(harness: Harness, job: Job) -> None:
    body = json.dumps(json.loads(job.to_json()) | {"mood": "calm"})
    harness.give(make_message(body, MAX_RECEIVES))
    wait_until(lambda: harness.queue.released)


def failed_before(harness: Harness, job: Job) -> None:
    harness.table.statuses[job.id] = JobStatus.FAILED
    harness.run(job, 2)


def given_back(harness: Harness, job: Job) -> None:
    harness.generator.during = harness.worker.give_back
    harness.run(job, MAX_RECEIVES)


def from_source(harness: Harness, job: Job) -> None:
    harness.run(replace(job, parameters=replace(job.parameters, source=SOURCE)), MAX_RECEIVES)


SOURCE_ERRORS: dict[str, Exception] = {
    "failed.source_gone": SourceGoneError("x"),
    "failed.source_too_large": SourceTooLargeError("x"),
    "failed.source_format": SourceFormatError("x"),
    "failed.source_damaged": SourceDamagedError("x"),
    "failed.mask_black": MaskBlackError("x"),
    "failed.source_refused": SourceRefusedError("x"),
    "failed.source_unavailable": SourceUnavailableError("x"),
}
FAILURES: dict[str, FailJob] = {
    "failed.expired": too_late,
    "failed.unreadable": of_a_later_schema,
    "failed.before": failed_before,
    "failed.too_large": sending_raises(PicturesTooLargeError("x")),
    "failed.memory": drawing_raises(OutOfMemoryError("x")),
    "failed.blank": drawing_raises(BlankPictureError("x")),
    "failed.unsupported": drawing_raises(UnsupportedJobError("x")),
    "failed.drawing": drawing_raises(GenerationError("x")),
    **dict.fromkeys(SOURCE_ERRORS, from_source),
    "failed.delivery": sending_raises(UnavailableError(503, None, "x")),
    "failed.refused": sending_raises(RequestRefusedError(400, 50035, "x")),
    "failed.stopped": given_back,
    "failed.unknown": sending_raises(RuntimeError("x")),
}
TESTED_ELSEWHERE = {
    *("failed.held_back", "failed.no_capacity", "failed.not_begun"),
    *("failed.failed_starts", "failed.instance_hours"),
    *("failed.stopped_drawing", "failed.stopped_waiting"),
}


def test_every_failure_text_has_a_test_case() -> None:
    from discord_diffusion.texts.catalogue import texts as catalogue

    failures = {key for key in catalogue("en") if key.startswith("failed.")}
    assert set(FAILURES) | TESTED_ELSEWHERE == failures


class FailingSourceImages(SourceImages):
    """Source images of which none can be had."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def fetch(self, url: str) -> Image.Image:  # noqa: ARG002 - of the real one
        raise self._error


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", FAILURES)
def test_a_user_is_notified_of_a_failure_once_in_their_language(key: str, language: str) -> None:
    error = SOURCE_ERRORS.get(key)
    dependencies = {"source_images": FailingSourceImages(error)} if error else {}
    with Harness(dependencies=dependencies) as harness:
        FAILURES[key](harness, replace(make_job(), locale=language))
        wait_until(lambda: harness.publisher.apologies)
    [(_, apology)] = harness.publisher.apologies
    assert apology.startswith(FAILURE_MARK)
    assert say(language, key) in apology


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_about_pictures_held_back_and_jobs_never_begun_are_in_the_users_language(
    language: str,
) -> None:
    job = replace(make_job(), locale=language)
    nothing = make_generation(job.parameters, filtered=job.parameters.images)
    answer = compose(job, nothing)
    assert say(language, "failed.held_back") in text_of({"components": answer.components})
    for kind, key in (
        (WaitKind.NO_CAPACITY, "failed.no_capacity"),
        (WaitKind.TURN, "failed.not_begun"),
    ):
        assert texts.reason_to_end(WaitEstimate(kind, 3, None), language) == say(language, key)
