"""What a user reads decides whether a queued job is sent again, left alone or taken back."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from discord_diffusion.aws.errors import QueueUnavailableError, StoreUnavailableError
from discord_diffusion.discord.errors import (
    ApiError,
    InteractionGoneError,
    NotAnsweredYetError,
    UnavailableError,
)
from discord_diffusion.discord.original_response import Message
from discord_diffusion.functions.dead_letters.processor import DeadLetterProcessor
from discord_diffusion.functions.waiting import confirmation
from discord_diffusion.functions.waiting.confirmation import Confirmation
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, JobStatus
from tests.unit.functions.conftest import new_id

PARAMETERS = GenerationParameters("a star", 7, 4, 7.5, 64, 64, 1)
JOB = Job(new_id(), "1000", "t", "en-US", "4000", PARAMETERS, nsfw=True, safety_check=False)
QUEUED = Message("1", "Queued", (), (f"cancel:{JOB.id}:0",))
NOT_YET = NotAnsweredYetError(404, 10015, "Unknown Webhook")
GONE = InteractionGoneError(404, 10008, "Unknown Message")


@dataclass
class Scene:
    """A confirmation whose Discord gives these answers in turn."""

    answers: list[Message | ApiError]
    withdrawn: list[tuple[JobStatus, bool]] = field(default_factory=list)
    queue: Mock = field(default_factory=Mock)
    jobs: Mock = field(default_factory=Mock)

    def is_confirmed(self, age: float = 10.0, **changes: Any) -> bool:
        """What `is_confirmed` says about a job of that age."""

        def withdraw(_job_id: str, status: JobStatus, **named: Any) -> bool:
            self.withdrawn.append((status, named.get("notify_later", False)))
            return True

        def read(*_address: str) -> Message:
            answer = self.answers.pop(0)
            if isinstance(answer, ApiError):
                raise answer
            return answer

        self.jobs.withdraw = withdraw
        record = replace(JobRecord.of(JOB), **changes)
        now = record.created_at + timedelta(seconds=age)
        return Confirmation(self.jobs, self.queue, Mock(read=read)).is_confirmed(record, now)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmation.time, "sleep", lambda _seconds: None)


def test_the_message_of_a_job_that_its_user_reads_of_is_sent_again_and_marked() -> None:
    scene = Scene([NOT_YET, NOT_YET, NOT_YET, QUEUED])
    assert scene.is_confirmed()
    scene.queue.send.assert_called_once_with(JOB)
    scene.jobs.confirm_queued.assert_called_once_with(JOB.id)
    assert scene.withdrawn == []


@pytest.mark.parametrize("changes", [{"confirmed": True}, {"token": None}])
def test_a_job_that_is_confirmed_or_over_needs_no_call(changes: dict[str, Any]) -> None:
    scene = Scene([])
    assert scene.is_confirmed(**changes)
    assert [*scene.queue.mock_calls, *scene.jobs.mock_calls] == []


def test_no_message_is_sent_that_the_queue_would_take_for_another() -> None:
    scene = Scene([QUEUED])
    assert scene.is_confirmed(age=281)
    scene.queue.send.assert_not_called()
    scene.jobs.confirm_queued.assert_called_once_with(JOB.id)


def test_a_job_whose_message_cannot_be_sent_again_is_confirmed_by_a_later_run() -> None:
    scene = Scene([QUEUED])
    scene.queue.send.side_effect = QueueUnavailableError("ReadTimeoutError")
    assert not scene.is_confirmed()
    scene.jobs.confirm_queued.assert_not_called()
    assert scene.withdrawn == []


@pytest.mark.parametrize(
    ("answers", "withdrawn"),
    [
        ([Message("1", "no", ())], [(JobStatus.REFUSED, False)]),
        ([Message("1", "no", (), ("cancel:1:0", "settings"))], [(JobStatus.REFUSED, False)]),
        ([Message("1", "Drawing", (), edited=True)], []),
        ([NOT_YET] * 8, [(JobStatus.REFUSED, True)]),
        ([GONE], [(JobStatus.CANCELLED, False)]),
        ([UnavailableError(503, None, "x")], []),
    ],
    ids=["refusal", "buttons of others", "a worker's text", "never answered", "deleted", "down"],
)
def test_a_job_that_its_user_does_not_read_of_is_taken_back(
    answers: list[Message | ApiError], withdrawn: list[tuple[JobStatus, bool]]
) -> None:
    scene = Scene(answers)
    assert not scene.is_confirmed()
    assert scene.withdrawn == withdrawn
    scene.queue.send.assert_not_called()
    scene.jobs.confirm_queued.assert_not_called()


def test_a_dead_letter_is_kept_until_the_table_takes_the_end_of_its_job() -> None:
    jobs, discord, metrics = Mock(), Mock(), Mock()
    job = replace(JOB, id=new_id())
    jobs.get.return_value = None
    discord.read.return_value = Message("1", "", (f"{job.id}-0.png",))
    processor = DeadLetterProcessor(jobs, discord, metrics)
    jobs.finish.side_effect = StoreUnavailableError("ReadTimeoutError")
    assert processor.process({"m": job.to_json()}) == ["m"]
    jobs.finish.side_effect = None
    assert processor.process({"m": job.to_json()}) == []
    jobs.finish.assert_called_with(job.id, JobStatus.ANSWERED, reason="dead letter")
