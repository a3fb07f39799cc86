"""Each way in which a job comes to nothing is walked to what its user reads, in each language."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from discord_diffusion.discord.api_errors import RequestRefusedError, UnavailableError
from discord_diffusion.discord.text import FAILURE_MARK
from discord_diffusion.functions import texts
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import SourceImage
from discord_diffusion.jobs.record import JobStatus, WaitEstimate, WaitKind
from discord_diffusion.texts.catalogue import LANGUAGES, say
from discord_diffusion.worker import answer as messages
from discord_diffusion.worker.errors import (
    BlankPictureError,
    GenerationError,
    OutOfMemoryError,
    PicturesTooLargeError,
    SourceUnavailableError,
    UnsupportedJobError,
)
from discord_diffusion.worker.source_images import Sources
from tests.unit.worker.fakes import make_generation, make_job, make_message, wait_until
from tests.unit.worker.worker_rig import MAX_RECEIVES, Rig

Walk = Callable[[Rig, Job], None]
SOURCE = SourceImage("https://cdn.test/a.png", 0.5)


def drawing_raises(error: Exception) -> Walk:
    def walk(rig: Rig, job: Job) -> None:
        rig.generator.error = error
        rig.run(job, MAX_RECEIVES)

    return walk


def sending_raises(error: Exception) -> Walk:
    def walk(rig: Rig, job: Job) -> None:
        rig.publisher.error = error
        rig.run(job, MAX_RECEIVES)

    return walk


def too_late(rig: Rig, job: Job) -> None:
    rig.run(replace(job, id=make_job(age=timedelta(minutes=14, seconds=57)).id))


def of_a_later_schema(rig: Rig, job: Job) -> None:
    body = json.dumps(json.loads(job.to_json()) | {"mood": "calm"})
    rig.give(make_message(body, MAX_RECEIVES))
    wait_until(lambda: rig.queue.released)


def failed_before(rig: Rig, job: Job) -> None:
    rig.table.statuses[job.id] = JobStatus.FAILED
    rig.run(job, 2)


def given_back(rig: Rig, job: Job) -> None:
    rig.generator.during = rig.worker.loop.give_back
    rig.run(job, MAX_RECEIVES)


def source_is_not_there(rig: Rig, job: Job) -> None:
    rig.run(replace(job, parameters=replace(job.parameters, source=SOURCE)))


def source_does_not_come(rig: Rig, job: Job) -> None:
    rig.run(replace(job, parameters=replace(job.parameters, source=SOURCE)), MAX_RECEIVES)


WALKS: dict[str, Walk] = {
    "failed.expired": too_late,
    "failed.unreadable": of_a_later_schema,
    "failed.before": failed_before,
    "failed.too_large": sending_raises(PicturesTooLargeError("x")),
    "failed.memory": drawing_raises(OutOfMemoryError("x")),
    "failed.blank": drawing_raises(BlankPictureError("x")),
    "failed.unsupported": drawing_raises(UnsupportedJobError("x")),
    "failed.drawing": drawing_raises(GenerationError("x")),
    "failed.source_refused": source_is_not_there,
    "failed.source_unavailable": source_does_not_come,
    "failed.delivery": sending_raises(UnavailableError(503, None, "x")),
    "failed.refused": sending_raises(RequestRefusedError(400, 50035, "x")),
    "failed.stopped": given_back,
    "failed.unknown": sending_raises(RuntimeError("x")),
}
ELSEWHERE = {"failed.held_back", "failed.no_capacity", "failed.not_begun"}


def test_there_is_a_walk_to_every_failure() -> None:
    from discord_diffusion.texts.catalogue import texts as catalogue

    failures = {key for key in catalogue("en") if key.startswith("failed.")}
    assert set(WALKS) | ELSEWHERE == failures


class SilentSources(Sources):
    """A CDN that does not answer."""

    def fetch(self, url: str) -> object:  # type: ignore[override]  # it never returns
        raise SourceUnavailableError(url)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", WALKS)
def test_a_failure_is_told_once_in_the_users_language(key: str, language: str) -> None:
    silent = {"sources": SilentSources({"cdn.test"}, "https://discord.test")}
    surroundings = silent if key == "failed.source_unavailable" else {}
    with Rig(surroundings=surroundings) as rig:
        WALKS[key](rig, replace(make_job(), locale=language))
        wait_until(lambda: rig.publisher.told)
    [(_, told)] = rig.publisher.told
    assert told.startswith(FAILURE_MARK)
    assert say(language, key) in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_told_without_a_failure_is_in_the_users_language_too(language: str) -> None:
    job = replace(make_job(), locale=language)
    nothing = make_generation(job.parameters, filtered=job.parameters.images)
    assert say(language, "failed.held_back") in messages.answer(job, nothing)
    for kind, key in (
        (WaitKind.NO_CAPACITY, "failed.no_capacity"),
        (WaitKind.TURN, "failed.not_begun"),
    ):
        assert texts.given_up(WaitEstimate(kind, 3, None), language) == say(language, key)
