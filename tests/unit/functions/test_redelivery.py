"""An interaction that is delivered twice: once more after the first answer, or in the middle of it.

Whichever answer Discord shows, it says what has happened.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, JobStatus
from tests.messages import text_of
from tests.unit.functions.conftest import Caller, imagine, new_id

MANAGER = {"user": {"id": "4000"}, "permissions": "32"}


def queued_job(caller: Caller) -> str:
    parameters = GenerationParameters("a ring", 7, 12, 7.5, 512, 512, 2)
    job = Job(new_id(), "1000", "t", "en-US", "4000", parameters)
    record = replace(JobRecord.of(job), guild_id="2000", channel_id="3000")
    caller.store.records[job.id] = record
    return job.id


def cancel_button(caller: Caller) -> dict[str, Any]:
    data = {"custom_id": f"cancel:{queued_job(caller)}:0"}
    return imagine() | {"type": 3, "data": data, "message": {"id": "1"}}


def cancel_command(caller: Caller) -> dict[str, Any]:
    caller.guilds.in_flight = frozenset({queued_job(caller), queued_job(caller)})
    return imagine() | {"data": {"name": "cancel", "options": []}}


def settings_command(name: str, **given: Any) -> Callable[[Caller], dict[str, Any]]:
    def prepare(caller: Caller) -> dict[str, Any]:
        caller.guilds.set_settings(blocklist=("cat",), roles=("7",))
        options = [{"name": key, "value": value} for key, value in given.items()]
        data = {"name": "settings", "options": [{"name": name, "type": 1, "options": options}]}
        return imagine() | {"member": MANAGER, "data": data}

    return prepare


INTERACTIONS: dict[str, Callable[[Caller], dict[str, Any]]] = {
    "imagine": lambda _caller: imagine(prompt="a star"),
    "cancel button": cancel_button,
    "cancel command": cancel_command,
    "access": settings_command("access", role="8", allow=True),
    "take back": settings_command("access", role="7", allow=False),
    "limits": settings_command("limits", cooldown=30),
    "defaults": settings_command("defaults", steps=9),
    "block": settings_command("block", pattern="dog"),
    "unblock": settings_command("unblock", pattern="cat"),
    "safety": settings_command("safety", level="channel"),
    "reset": settings_command("reset"),
}


def is_refusal(answer: dict[str, Any]) -> bool:
    content = text_of(answer["data"])
    return any(words in content for words in ("not saved", "Nothing was changed", "can't be"))


@pytest.mark.parametrize("kind", INTERACTIONS)
def test_a_second_delivery_has_the_answer_of_the_first(caller: Caller, kind: str) -> None:
    payload = INTERACTIONS[kind](caller)
    first = caller.content(payload)
    jobs, audited = list(caller.queue.jobs), len(caller.guilds.audited)
    caller.guilds.in_flight = frozenset()  # the jobs have ended
    assert caller.content(payload) == first
    assert not is_refusal(first)
    assert caller.queue.jobs == jobs
    assert len(caller.guilds.audited) == audited


def test_a_late_second_delivery_does_not_undo_a_newer_change(caller: Caller) -> None:
    earlier = settings_command("limits", cooldown=30)(caller)
    first = caller.content(earlier)
    caller.content(settings_command("limits", cooldown=5)(caller) | {"id": new_id()})
    before = caller.guilds.settings("2000")
    assert caller.content(earlier) == first, "it says what it has saved"
    assert caller.guilds.settings("2000") == before
    assert before[0].cooldown_seconds == 5


@dataclass
class Meanwhile:
    """Delivers an interaction once more in the middle of its first delivery, after the reads."""

    caller: Caller
    payload: dict[str, Any]
    answer: dict[str, Any] | None = None

    def deliver(self) -> None:
        if self.answer is None:
            self.answer = {}
            self.answer = self.caller.content(self.payload)


@pytest.mark.parametrize("kind", [kind for kind in INTERACTIONS if kind != "imagine"])
def test_two_deliveries_at_the_same_time_have_the_same_answer(
    caller: Caller, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Meanwhile(caller, INTERACTIONS[kind](caller))
    withdraw, change = caller.store.withdraw, caller.guilds.change

    def withdraw_late(*words: Any, **named: Any) -> bool:
        other.deliver()
        return withdraw(*words, **named)

    def change_late(*words: Any, **named: Any) -> bool:
        other.deliver()
        return change(*words, **named)

    monkeypatch.setattr(caller.store, "withdraw", withdraw_late)
    monkeypatch.setattr(caller.guilds, "change", change_late)
    answer = caller.content(other.payload)
    assert other.answer
    assert answer == other.answer
    assert not is_refusal(answer)
    audited = [record["id"] for record in caller.guilds.audited]
    assert len(audited) == len(set(audited))


def test_a_job_that_another_click_has_cancelled_is_cancelled(caller: Caller) -> None:
    payload = cancel_button(caller)
    first = caller.content(payload)
    assert caller.content(payload | {"id": new_id()}) == first


def test_a_job_that_a_worker_has_begun_meanwhile_is_not_cancelled(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = cancel_button(caller)
    [(job_id, record)] = caller.store.records.items()

    def begun_meanwhile(*_words: Any, **_named: Any) -> bool:
        caller.store.records[job_id] = replace(record, status=JobStatus.DRAWING)
        return False

    monkeypatch.setattr(caller.store, "withdraw", begun_meanwhile)
    assert "can't be cancelled any more" in text_of(caller.content(payload)["data"])
