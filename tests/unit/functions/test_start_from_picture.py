"""A request that is drawn again from a picture that its user uploads in a form."""

from dataclasses import replace
from typing import Any

import pytest

from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_stand_in.validation.modals import modal
from tests.messages import buttons_of, is_ephemeral, text_of
from tests.unit.functions.conftest import Caller, imagine, make_caller, new_id

FILE = {"id": "5", "filename": "cat.png", "url": "https://cdn.test/cat", "size": 10}
PARAMETERS = GenerationParameters("a ring", 7, 12, 7.5, 512, 256, 2, negative_prompt="blue")


@pytest.fixture
def caller() -> Caller:
    return make_caller()


def answered_job(caller: Caller, parameters: GenerationParameters = PARAMETERS) -> str:
    """A job that the table knows."""
    job = Job(new_id(), "1000", "t", "en-US", "4000", parameters)
    record = replace(JobRecord.of(job), status=JobStatus.ANSWERED)
    caller.store.records[job.id] = replace(record, guild_id="2000", channel_id="3000")
    return job.id


def submission(job_id: str, file: dict[str, Any] | None, **fields: str) -> dict[str, Any]:
    """The form, filled in."""
    uploaded = {"type": 19, "custom_id": "image", "values": [file["id"]] if file else []}
    inputs: list[dict[str, Any]] = [uploaded]
    inputs += [{"type": 4, "custom_id": name, "value": value} for name, value in fields.items()]
    data = {
        "custom_id": f"start:{job_id}:0",
        "components": [{"type": 18, "component": one} for one in inputs],
        "resolved": {"attachments": {file["id"]: file} if file else {}},
    }
    return imagine() | {"type": 5, "data": data}


def test_the_button_opens_a_form_with_the_old_prompt(caller: Caller) -> None:
    data = {"custom_id": f"start:{answered_job(caller)}:0", "component_type": 2}
    answer = caller.content(imagine() | {"type": 3, "data": data, "message": {"id": "1"}})
    modal(answer["data"])
    assert "a ring" in str(answer["data"])


def test_the_uploaded_picture_is_the_source_image_of_the_same_request(caller: Caller) -> None:
    job_id = answered_job(caller)
    payload = submission(job_id, FILE, prompt="a cat", strength="0.85")
    answer = caller.content(payload)
    assert any(one.startswith("cancel:") for one in buttons_of(answer["data"]))
    (job,) = caller.queue.jobs
    assert job.parameters.source == SourceImage("https://cdn.test/cat", 0.85)
    assert job.parameters.seed != 7
    expected = replace(PARAMETERS, prompt="a cat")
    assert replace(job.parameters, source=None, seed=7) == expected


def test_the_size_is_that_of_the_pictures_that_are_shown(caller: Caller) -> None:
    twice = replace(PARAMETERS, source=SourceImage("https://cdn.test/old", 0.3, 2))
    caller.content(submission(answered_job(caller, twice), FILE, prompt="a cat", strength="0.3"))
    (job,) = caller.queue.jobs
    assert (job.parameters.width, job.parameters.height) == (1024, 512)
    assert job.parameters.source == SourceImage("https://cdn.test/cat", 0.3)


@pytest.mark.parametrize(
    ("file", "fields", "reason"),
    [
        (None, {}, "is no picture"),
        (FILE | {"content_type": "video/mp4"}, {}, "is no picture"),
        (FILE, {"prompt": " "}, "is missing"),
        (FILE, {"strength": "2"}, "must be a number from 0.01 to 1"),
        (FILE, {"strength": "much"}, "must be a number from 0.01 to 1"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(
    caller: Caller, file: dict[str, Any] | None, fields: dict[str, str], reason: str
) -> None:
    given = {"prompt": "a cat", "strength": "0.6"} | fields
    answer = caller.content(submission(answered_job(caller), file, **given))
    assert is_ephemeral(answer["data"])
    assert reason in text_of(answer["data"])
    assert caller.queue.jobs == []
