"""Buttons and options by which a part of a picture is kept and the rest is drawn."""

from dataclasses import replace
from typing import Any

import pytest

from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import Box, GenerationParameters, SourceImage
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_stand_in.validation.modals import modal
from tests.messages import text_of
from tests.unit.functions.conftest import SETTINGS, Caller, imagine, make_caller, new_id

PARAMETERS = GenerationParameters("a ring", 7, 12, 7.5, 512, 256, 2, negative_prompt="blue")
FILES = {
    "5": {"id": "5", "filename": "cat.png", "url": "https://cdn.test/cat", "size": 10},
    "6": {"id": "6", "filename": "mask.png", "url": "https://cdn.test/mask", "size": 10},
    "7": {"id": "7", "filename": "x", "url": "https://x", "size": 10, "content_type": "text/x"},
}


@pytest.fixture
def caller() -> Caller:
    return make_caller()


def answered_job(caller: Caller, parameters: GenerationParameters = PARAMETERS) -> str:
    job = Job(new_id(), "1000", "t", "en-US", "4000", parameters)
    record = replace(JobRecord.of(job), status=JobStatus.ANSWERED)
    caller.store.records[job.id] = replace(record, guild_id="2000", channel_id="3000")
    return job.id


def click(caller: Caller, verb: str, job_id: str) -> dict[str, Any]:
    data = {"custom_id": f"{verb}:{job_id}:1", "component_type": 2}
    return caller.content(imagine() | {"type": 3, "data": data, "message": message_of(job_id)})


def submit(caller: Caller, job_id: str, **fields: str) -> dict[str, Any]:
    inputs = [{"type": 4, "custom_id": name, "value": value} for name, value in fields.items()]
    data = {
        "custom_id": f"pan:{job_id}:1",
        "components": [{"type": 18, "component": one} for one in inputs],
    }
    return caller.content(imagine() | {"type": 5, "data": data, "message": message_of(job_id)})


def message_of(job_id: str) -> dict[str, Any]:
    return {
        "id": "1",
        "attachments": [
            {"filename": f"{job_id}-{index}.png", "url": f"https://cdn.test/{index}"}
            for index in range(2)
        ],
    }


def with_files(**options: str | float) -> dict[str, Any]:
    payload = imagine(prompt="a cat", **options)
    payload["data"]["resolved"] = {"attachments": FILES}
    return payload


def test_zoom_out_keeps_the_size_and_puts_the_picture_into_the_middle(caller: Caller) -> None:
    twice = replace(PARAMETERS, source=SourceImage("https://cdn.test/old", 0.3, 2))
    click(caller, "zoom_out", answered_job(caller, twice))
    [job] = caller.queue.jobs
    box = Box(168, 88, 688, 336)
    assert (job.parameters.width, job.parameters.height) == (1024, 512)
    assert job.parameters.source == SourceImage("https://cdn.test/1", 1.0, box=box)
    assert (job.parameters.prompt, job.parameters.images) == ("a ring", 2)


@pytest.mark.parametrize(
    ("direction", "size", "corner"),
    [
        ("left", (768, 256), (256, 0)),
        ("right", (768, 256), (0, 0)),
        ("up", (512, 384), (0, 128)),
        ("down", (512, 384), (0, 0)),
    ],
)
def test_pan_asks_for_a_side_and_continues_the_picture_there(
    caller: Caller, direction: str, size: tuple[int, int], corner: tuple[int, int]
) -> None:
    job_id = answered_job(caller)
    form = click(caller, "pan", job_id)
    modal(form["data"])
    assert form["data"]["custom_id"] == f"pan:{job_id}:1"
    submit(caller, job_id, direction=direction, prompt="a ring and a star")
    [job] = caller.queue.jobs
    assert (job.parameters.width, job.parameters.height) == size
    assert job.parameters.source == SourceImage(
        "https://cdn.test/1", 1.0, box=Box(*corner, 512, 256)
    )
    assert job.parameters.prompt == "a ring and a star"
    # It is charged for all that is drawn.
    [charge] = caller.store.charges
    assert charge is not None
    assert charge.units > SETTINGS.tariff.cost(PARAMETERS)


def test_a_side_that_is_none_makes_no_job(caller: Caller) -> None:
    answer = submit(caller, answered_job(caller), direction="back", prompt="x")
    assert "form does not work" in text_of(answer["data"])
    assert caller.queue.jobs == []


def test_a_picture_that_would_be_too_large_is_not_continued(caller: Caller) -> None:
    caller.guilds.set_settings(max_side=600)
    answer = submit(caller, answered_job(caller), direction="left", prompt="x")
    assert "768×256" in text_of(answer["data"])
    assert caller.queue.jobs == []


def test_a_mask_is_a_part_of_the_source_image(caller: Caller) -> None:
    caller.content(with_files(image="5", mask="6"))
    caller.content(with_files(image="5", mask="6", strength=0.5))
    first, second = (job.parameters.source for job in caller.queue.jobs)
    assert first == SourceImage("https://cdn.test/cat", 1.0, mask="https://cdn.test/mask")
    assert second == SourceImage("https://cdn.test/cat", 0.5, mask="https://cdn.test/mask")


def test_a_mask_that_is_no_picture_is_refused_by_its_name(caller: Caller) -> None:
    answer = caller.content(with_files(image="5", mask="7"))
    assert "`mask` is no picture" in text_of(answer["data"])
    assert caller.queue.jobs == []


def test_a_form_takes_a_mask_beside_the_picture(caller: Caller) -> None:
    inputs: list[dict[str, Any]] = [
        {"type": 19, "custom_id": "image", "values": ["5"]},
        {"type": 19, "custom_id": "mask", "values": ["6"]},
        {"type": 4, "custom_id": "prompt", "value": "a cat"},
        {"type": 21, "custom_id": "strength", "value": "0.85"},
    ]
    data = {
        "custom_id": f"start:{answered_job(caller)}:0",
        "components": [{"type": 18, "component": one} for one in inputs],
        "resolved": {"attachments": FILES},
    }
    caller.content(imagine() | {"type": 5, "data": data})
    [job] = caller.queue.jobs
    assert job.parameters.source == SourceImage(
        "https://cdn.test/cat", 0.85, mask="https://cdn.test/mask"
    )


def test_a_mask_whose_address_has_expired_is_asked_for_again(caller: Caller) -> None:
    source = SourceImage("https://x/y.png", 1.0, mask="https://x/m.png?ex=5f000000&")
    answer = click(caller, "reroll", answered_job(caller, replace(PARAMETERS, source=source)))
    assert "can no longer be fetched" in text_of(answer["data"])
    assert caller.queue.jobs == []


def test_show_parameters_says_that_a_part_is_kept(caller: Caller) -> None:
    source = SourceImage("https://x/y.png", 1.0, box=Box(0, 0, 512, 256))
    job_id = answered_job(caller, replace(PARAMETERS, source=source))
    message = message_of(job_id) | {"author": {"id": "1000"}}
    data = {
        "name": "Show parameters",
        "type": 3,
        "target_id": "1",
        "resolved": {"messages": {"1": message}},
    }
    assert "a part of it kept" in text_of(caller.content(imagine() | {"data": data})["data"])
