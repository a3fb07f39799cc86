"""Whoever reads that a job is queued that has ended is notified; who has read the end is not."""

from dataclasses import replace
from unittest.mock import Mock

import pytest

from discord_diffusion.discord.original_response import Message
from discord_diffusion.functions.waiting.due_actions import Action
from discord_diffusion.functions.waiting.notifier import WaitingNotifier
from discord_diffusion.jobs.job import ANSWERED_AFTER, Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, JobStatus
from tests.unit.functions.conftest import new_id

PARAMETERS = GenerationParameters("a star", 7, 4, 7.5, 64, 64, 1)
JOB = Job(new_id(), "1000", "t", "en-US", "4000", PARAMETERS)
REFUSED, CANCELLED = JobStatus.REFUSED, JobStatus.CANCELLED
BUTTON = (f"cancel:{JOB.id}:0",)
QUEUED = Message("1", "Queued", (), BUTTON)
REFUSAL = Message("1", "Nothing was charged", (), ())
OF_ANOTHER_JOB = Message("1", "Queued", (), ("cancel:1:0",))
CANCELLATION = Message("1", "Cancelled", (), (), edited=True)
PROGRESS = Message("1", "Drawing", (), (), edited=True)


@pytest.mark.parametrize(
    ("status", "reads", "is_notified"),
    [
        (REFUSED, QUEUED, True),
        (REFUSED, replace(QUEUED, edited=True), True),
        (REFUSED, REFUSAL, False),
        (REFUSED, OF_ANOTHER_JOB, False),
        (REFUSED, PROGRESS, True),
        (CANCELLED, QUEUED, True),
        (CANCELLED, CANCELLATION, False),
    ],
)
def test_an_end_is_written_where_the_user_has_not_read_it(
    status: JobStatus, reads: Message, is_notified: bool
) -> None:
    record = replace(JobRecord.of(JOB), status=status, details={"reason": "why"})
    jobs, discord = Mock(get=Mock(return_value=record)), Mock(read=Mock(return_value=reads))
    notifier = WaitingNotifier(jobs, Mock(), Mock(), discord, Mock())
    done = notifier.confirm([JOB.id], record.created_at + ANSWERED_AFTER)
    assert done[Action.NOTIFY_OF_END] == 1
    assert ["why" in str(call.args[2]) for call in discord.write.mock_calls] == [True] * is_notified
    jobs.confirm_notified.assert_called_once_with(JOB.id)


def test_a_job_without_a_record_needs_nothing() -> None:
    jobs, discord = Mock(get=Mock(return_value=None)), Mock()
    notifier = WaitingNotifier(jobs, Mock(), Mock(), discord, Mock())
    assert not notifier.confirm([JOB.id], JOB.created_at + ANSWERED_AFTER)
    assert discord.mock_calls == []
