"""Which records a user can reach by a custom_id or a file name that the user made up."""

from dataclasses import replace
from typing import Any

import pytest

from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, JobStatus
from tests.unit.functions.conftest import Caller, imagine, new_id

PARAMETERS = GenerationParameters("a secret ring", 7, 12, 7.5, 512, 512, 2)
GONE = "That was too long ago"
OURS: dict[str, Any] = {"application_id": "1000"}


def add_record(caller: Caller, **changes: Any) -> str:
    """Add the record of a job in the guild and the channel of `imagine`; returns its id."""
    job = Job(new_id(), "1000", "t", "en-US", "4000", PARAMETERS)
    where = {"guild_id": "2000", "channel_id": "3000"}
    record = replace(JobRecord.of(job), status=JobStatus.ANSWERED)
    caller.store.records[job.id] = replace(record, **where | changes)
    return job.id


def answer_to(caller: Caller, payload: dict[str, Any]) -> str:
    return str(caller.content(imagine() | payload)["data"])


def click(caller: Caller, verb: str, job_id: str, **more: Any) -> str:
    return answer_to(caller, {"type": 3, "data": {"custom_id": f"{verb}:{job_id}:0"}} | more)


def submit_modal(caller: Caller, job_id: str) -> str:
    data = {"custom_id": f"edit:{job_id}:0", "components": []}
    return answer_to(caller, {"type": 5, "data": data})


def show(caller: Caller, job_id: str, message: dict[str, Any]) -> str:
    file = {"filename": f"{job_id}-0.png", "url": "https://x/y"}
    messages = {"5": {"id": "5", "attachments": [file]} | message}
    data = {"name": "Show parameters", "type": 3, "target_id": "5"}
    return answer_to(caller, {"data": data | {"resolved": {"messages": messages}}})


UNSEEN: list[dict[str, Any]] = [
    {"guild_id": "2222", "user_id": "4444"},
    {"guild_id": None, "channel_id": "3333", "user_id": "4444"},
    {"private": True, "user_id": "4444"},
]


@pytest.mark.parametrize("where", UNSEEN, ids=["another guild", "direct", "private"])
def test_a_record_that_the_user_cannot_see_is_refused_as_gone(
    caller: Caller, where: dict[str, Any]
) -> None:
    job_id = add_record(caller, **where)
    for verb in ("cancel", "reroll", "edit", "seed", "vary", "upscale", "delete"):
        assert GONE in click(caller, verb, job_id), verb
    assert GONE in submit_modal(caller, job_id)
    assert GONE in show(caller, job_id, OURS)
    assert caller.queue.jobs == []


def test_a_record_of_a_group_message_is_visible_in_its_channel_only(caller: Caller) -> None:
    job_id = add_record(caller, guild_id=None)
    direct = {"guild_id": None, "member": None, "user": {"id": "4444"}}
    assert "a secret ring" in click(caller, "edit", job_id, **direct)
    assert GONE in click(caller, "edit", job_id, **direct, channel_id="3333")


@pytest.mark.parametrize("private", [True, False])
def test_the_author_sees_the_record(caller: Caller, private: bool) -> None:
    job_id = add_record(caller, private=private)
    assert "a secret ring" in click(caller, "edit", job_id)
    assert "a secret ring" in show(caller, job_id, OURS)


def test_the_author_sees_it_wherever_the_history_is_opened(caller: Caller) -> None:
    job_id = add_record(caller, guild_id="2222", channel_id="3333", private=True)
    assert "a secret ring" in click(caller, "edit", job_id)


def test_every_member_of_the_guild_sees_the_record_of_a_public_answer(caller: Caller) -> None:
    job_id = add_record(caller, user_id="4444")
    assert "a secret ring" in click(caller, "edit", job_id)
    assert "a secret ring" in show(caller, job_id, {"author": {"id": "1000"}})


@pytest.mark.parametrize(
    "message", [{}, {"author": {"id": "4444"}}, {"application_id": "1001"}, {"author": "1000"}]
)
def test_a_file_of_another_author_that_is_named_like_a_picture_leads_to_no_record(
    caller: Caller, message: dict[str, Any]
) -> None:
    assert "no pictures that I made" in show(caller, add_record(caller), message)
