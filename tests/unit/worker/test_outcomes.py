"""How a job ends at this worker: the order in which lease, message, record and apology follow."""

import threading
from dataclasses import dataclass, field

import pytest
from PIL import Image

from discord_diffusion.discord.errors import (
    ApiError,
    InteractionGoneError,
    RequestRefusedError,
    UnavailableError,
)
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.worker.errors import (
    GenerationError,
    LeaseLostError,
    PicturesTooLargeError,
    SourceFormatError,
)
from discord_diffusion.worker.held_jobs import HeldJob
from discord_diffusion.worker.job_record_writer import JobRecordWriter
from discord_diffusion.worker.lease import Lease, LeaseTerms
from discord_diffusion.worker.outcomes import JobOutcomes
from discord_diffusion.worker.progress import Edit, Progress
from discord_diffusion.worker.telemetry import Telemetry
from tests.unit.worker.fakes import (
    MemoryPublisher,
    MemoryQueue,
    MemoryTable,
    make_job,
    make_message,
)

MAX_RECEIVES = 3


@dataclass
class LeaseCheckingQueue(MemoryQueue):
    """Takes a message only after its lease has ended: an extension could undo what was done."""

    lease: Lease | None = None

    def release(self, receipt_handle: str, delay_seconds: int = 0) -> None:
        assert self.lease is None or self.lease.wait_for_end(0)
        super().release(receipt_handle, delay_seconds)

    def delete(self, receipt_handle: str) -> None:
        assert self.lease is None or self.lease.wait_for_end(0)
        super().delete(receipt_handle)


@dataclass
class OutcomesHarness:
    """Outcomes whose dependencies are in memory."""

    queue: LeaseCheckingQueue = field(default_factory=LeaseCheckingQueue)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    table: MemoryTable = field(default_factory=MemoryTable)

    def __post_init__(self) -> None:
        terms = LeaseTerms(60, MAX_RECEIVES)
        records = JobRecordWriter(self.table)
        self.outcomes = JobOutcomes(self.queue, self.publisher, records, terms, Telemetry())

    def hold(self, edit: Edit = lambda _text, _sketch: None, *, last: bool = False) -> HeldJob:
        job = make_job()
        message = make_message(job.to_json(), MAX_RECEIVES if last else 1)
        self.queue.lease = Lease(self.queue, message.receipt_handle, 60)
        return HeldJob(message, job, self.queue.lease, Progress(edit), last=last)


@pytest.fixture
def harness() -> OutcomesHarness:
    return OutcomesHarness()


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        LeaseLostError("x"),
        GenerationError("x"),
        PicturesTooLargeError("x"),
        InteractionGoneError(401, 50027, "Invalid Webhook Token"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_lease_of_a_failed_job_ends_before_its_message_is_released_or_deleted(
    harness: OutcomesHarness, error: Exception, last: bool
) -> None:
    held = harness.hold(last=last)
    harness.outcomes.failed(held, error)
    assert held.lease.wait_for_end(0)
    abandoned = isinstance(error, LeaseLostError)
    assert len(harness.queue.released) + len(harness.queue.deleted) == (not abandoned)


def test_the_lease_of_an_answered_job_ends_before_its_message_is_deleted(
    harness: OutcomesHarness,
) -> None:
    held = harness.hold()
    harness.outcomes.answered(held, pictures=2)
    assert harness.queue.deleted == [held.message.receipt_handle]
    assert harness.table.details[held.job.id] == {"pictures": 2}


@pytest.mark.parametrize("error", [PicturesTooLargeError("x"), GenerationError("x")], ids=str)
def test_an_apology_is_shown_only_after_the_progress_edit_that_is_under_way(
    error: Exception,
) -> None:
    shown: list[str] = []
    begun, apologised = threading.Event(), threading.Event()

    def edit(text: str, _sketch: Image.Image | None) -> None:
        begun.set()
        apologised.wait(0.2)  # an apology that does not wait for the edit is shown first
        shown.append(text)

    class Screen(MemoryPublisher):
        def apologise(self, *_call: object, **_options: object) -> None:
            shown.append("apology")
            apologised.set()

    harness = OutcomesHarness(publisher=Screen())
    held = harness.hold(edit, last=True)
    held.progress.start()
    held.progress.report("progress")
    assert begun.wait(5)
    harness.outcomes.failed(held, error)
    assert held.progress.settle(5)
    assert shown == ["progress", "apology"]


@pytest.mark.parametrize(
    ("error", "last", "delay"),
    [
        (UnavailableError(503, None, "down"), False, 10),
        (UnavailableError(503, None, "down"), True, 0),
        (RequestRefusedError(400, 50035, "Invalid Form Body"), False, 2),
        (RequestRefusedError(400, 50035, "Invalid Form Body"), True, 0),
    ],
)
def test_a_message_whose_apology_failed_is_delayed_except_on_its_last_receive(
    harness: OutcomesHarness, error: ApiError, last: bool, delay: int
) -> None:
    harness.publisher.apology_error = error
    held = harness.hold(last=last)
    harness.outcomes.failed(held, PicturesTooLargeError("x"))
    assert harness.queue.released == [(held.message.receipt_handle, delay)]
    assert held.job.id not in harness.table.statuses


def test_the_record_of_a_job_whose_message_is_gone_has_that_reason_and_charges_nothing(
    harness: OutcomesHarness,
) -> None:
    held = harness.hold()
    harness.outcomes.failed(held, InteractionGoneError(404, 10008, "Unknown Message"))
    assert harness.table.statuses[held.job.id] is JobStatus.FAILED
    assert harness.table.details[held.job.id] == {"reason": "gone", "charged_pictures": 0}
    assert harness.queue.deleted == [held.message.receipt_handle]


def test_a_job_whose_source_image_can_not_be_used_leaves_no_dead_letter(
    harness: OutcomesHarness,
) -> None:
    held = harness.hold(last=True)
    harness.outcomes.failed(held, SourceFormatError("it is no picture"))
    assert len(harness.publisher.apologies) == 1
    assert harness.table.details[held.job.id] == {
        "reason": "failed.source_format",
        "charged_pictures": 0,
    }
    assert harness.queue.deleted == [held.message.receipt_handle]
    assert harness.queue.released == []


@pytest.mark.parametrize("body", ["not JSON", "{}", "null"])
@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_an_unreadable_message_is_given_back_without_an_apology(
    harness: OutcomesHarness, body: str, receive_count: int
) -> None:
    message = make_message(body, receive_count)
    harness.outcomes.give_back(message, 10)
    assert harness.queue.released == [(message.receipt_handle, 10)]
    assert harness.publisher.apologies == []
