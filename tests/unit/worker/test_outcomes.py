"""How a job ends at this worker: the order in which lease, message, record and apology follow."""

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

import pytest
from PIL import Image

from discord_diffusion.aws.errors import StoreUnavailableError
from discord_diffusion.discord.answer_layouts import apology
from discord_diffusion.discord.errors import (
    ApiError,
    InteractionGoneError,
    RequestRefusedError,
    UnavailableError,
)
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.logs import JsonFormatter
from discord_diffusion.texts.catalogue import say
from discord_diffusion.worker.errors import (
    GenerationError,
    LeaseLostError,
    PicturesTooLargeError,
    SourceFormatError,
    SourceUnavailableError,
    StoppedByModeratorError,
)
from discord_diffusion.worker.failures import STOPPED, Outcome
from discord_diffusion.worker.held_jobs import HeldJob
from discord_diffusion.worker.job_record_writer import JobRecordWriter
from discord_diffusion.worker.lease import Lease, LeaseTerms
from discord_diffusion.worker.outcomes import HURRY_SECONDS, JobOutcomes
from discord_diffusion.worker.progress import Edit, Progress
from discord_diffusion.worker.telemetry import Telemetry
from tests.messages import text_of
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
class RecordingTelemetry(Telemetry):
    """Records the failures."""

    failures: list[tuple[HeldJob | None, str, Outcome]] = field(default_factory=list)

    def failed(self, held: HeldJob | None, error: Exception, outcome: Outcome) -> None:
        self.failures.append((held, f"{type(error).__name__}: {error}", outcome))


@dataclass
class OutcomesHarness:
    """Outcomes whose dependencies are in memory."""

    queue: LeaseCheckingQueue = field(default_factory=LeaseCheckingQueue)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    table: MemoryTable = field(default_factory=MemoryTable)
    telemetry: RecordingTelemetry = field(default_factory=RecordingTelemetry)

    def __post_init__(self) -> None:
        terms = LeaseTerms(60, MAX_RECEIVES)
        records = JobRecordWriter(self.table)
        self.outcomes = JobOutcomes(self.queue, self.publisher, records, terms, self.telemetry)

    def hold(self, edit: Edit = lambda _text, _sketch: None, *, last: bool = False) -> HeldJob:
        job = replace(make_job(negative_prompt="blue"), locale="de")
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
    assert harness.table.statuses[held.job.id] is JobStatus.ANSWERED
    assert harness.table.details[held.job.id] == {"pictures": 2}


def test_an_answered_job_is_received_again_after_a_while_if_the_table_does_not_take_its_end(
    harness: OutcomesHarness,
) -> None:
    held = harness.hold()
    harness.table.error = StoreUnavailableError("ConnectTimeoutError")
    harness.outcomes.answered(held, pictures=2)
    assert harness.queue.released == [(held.message.receipt_handle, 5)]
    assert harness.queue.deleted == []


@pytest.mark.parametrize("last", [False, True])
def test_an_error_says_nothing_about_a_job_that_another_worker_has(
    harness: OutcomesHarness, last: bool
) -> None:
    held = harness.hold(last=last)
    vars(held.lease)["_lost"] = True
    harness.outcomes.failed(held, SourceUnavailableError("x"))
    own = (held, "SourceUnavailableError: x", Outcome.RETRY)
    lost = "another worker has the job; the error here is SourceUnavailableError"
    others = (held, f"LeaseLostError: {lost}", Outcome.ABANDON)
    assert harness.telemetry.failures == [own if last else others]


def test_a_job_that_is_retried_is_hidden_for_as_long_as_its_rule_says(
    harness: OutcomesHarness,
) -> None:
    held = harness.hold()
    harness.outcomes.failed(held, SourceUnavailableError("x"))
    assert harness.queue.released == [(held.message.receipt_handle, 5)]
    assert harness.publisher.apologies == []


def test_an_apology_names_the_reason_the_request_and_the_job_in_the_users_language(
    harness: OutcomesHarness,
) -> None:
    held = harness.hold()
    harness.outcomes.failed(held, PicturesTooLargeError("x"))
    reason = say("de", "failed.too_large")
    shown = apology(held.job.id, "de", reason, held.job.parameters)
    assert harness.publisher.apologies == [(held.job.id, text_of({"components": shown}))]


def test_a_job_whose_pictures_arrived_after_all_is_answered(harness: OutcomesHarness) -> None:
    held = harness.hold(last=True)
    harness.publisher.answered.add(held.job.id)
    harness.outcomes.failed(held, GenerationError("x"))
    assert harness.table.statuses[held.job.id] is JobStatus.ANSWERED
    assert harness.queue.deleted == [held.message.receipt_handle]
    assert harness.publisher.apologies == []


def test_a_user_whose_token_expires_now_is_not_answered(
    harness: OutcomesHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = harness.hold(last=True)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return held.job.expires_at.astimezone(tz)

    monkeypatch.setattr("discord_diffusion.worker.outcomes.datetime", Clock)
    harness.outcomes.apologise(held.job, STOPPED)
    harness.outcomes.failed(held, GenerationError("x"))
    assert harness.publisher.apologies == []
    assert harness.table.details[held.job.id]["reason"] == "gone"


def test_a_progress_edit_that_hangs_does_not_hold_up_the_apology(
    harness: OutcomesHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.outcomes._LAST_EDIT_SECONDS", 0.02)
    begun, goes_on, ended = threading.Event(), threading.Event(), threading.Event()

    def hang(_text: str, _sketch: Image.Image | None) -> None:
        begun.set()
        goes_on.wait(60)
        ended.set()

    held = harness.hold(hang, last=True)
    held.progress.start()
    held.progress.report("progress")
    assert begun.wait(60)
    harness.outcomes.failed(held, GenerationError("x"))
    assert not ended.is_set()
    assert len(harness.publisher.apologies) == 1
    goes_on.set()


@pytest.mark.parametrize("receive_count", [1, MAX_RECEIVES])
def test_a_job_is_given_back_at_once_and_on_its_last_receive_with_an_apology(
    harness: OutcomesHarness, receive_count: int
) -> None:
    job = replace(make_job(), locale="de")
    message = make_message(job.to_json(), receive_count)
    harness.outcomes.give_back(message)
    assert harness.queue.released == [(message.receipt_handle, 0)]
    last = receive_count == MAX_RECEIVES
    shown = apology(job.id, "de", say("de", STOPPED))
    apologies = [(job.id, text_of({"components": shown}))]
    assert harness.publisher.apologies == apologies * last
    assert harness.publisher.timeouts == [HURRY_SECONDS, HURRY_SECONDS] * last


def test_an_unreadable_message_is_reported_as_poison(harness: OutcomesHarness) -> None:
    harness.outcomes.reject_unreadable(make_message("{}"), InvalidJobError("id is missing"))
    poison = (None, "InvalidJobError: id is missing", Outcome.POISON)
    assert harness.telemetry.failures == [poison]


def test_the_log_has_the_text_of_an_error_only_if_it_can_hold_no_token(
    harness: OutcomesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    for error in (GenerationError("the reason"), RuntimeError("a secret")):
        harness.outcomes.failed(harness.hold(), error)
    first, second = (record for record in caplog.records if hasattr(record, "outcome"))
    assert first.reason == "the reason"
    assert (second.error, second.reason) == ("RuntimeError", "")
    assert "secret" not in JsonFormatter().format(second)


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
    assert begun.wait(60)
    harness.outcomes.failed(held, error)
    assert held.progress.settle(60)
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


@pytest.mark.parametrize(
    ("error", "status", "charged"),
    [
        (GenerationError("x"), JobStatus.FAILED, 0),
        (StoppedByModeratorError("x"), JobStatus.CANCELLED, 2),
    ],
    ids=["failed", "stopped"],
)
def test_a_user_pays_for_what_was_drawn_of_a_job_that_a_moderator_stopped_but_of_none_that_failed(
    harness: OutcomesHarness, error: Exception, status: JobStatus, charged: int
) -> None:
    held = harness.hold(last=True)
    held.drawn_share = 1.0
    harness.outcomes.failed(held, error)
    assert harness.table.statuses[held.job.id] is status
    assert harness.table.details[held.job.id]["charged_pictures"] == charged


DELETED = InteractionGoneError(404, 10008, "Unknown Message")
NO_CHANNEL = InteractionGoneError(404, 10003, "Unknown Channel")
ARCHIVED = InteractionGoneError(400, 50083, "Thread is archived")
EXPIRED = InteractionGoneError(401, 50027, "Invalid Webhook Token")


@pytest.mark.parametrize("by_apology", [False, True])
@pytest.mark.parametrize(
    ("error", "share", "status", "charged"),
    [
        (DELETED, 0.5, JobStatus.CANCELLED, 1),
        (DELETED, 1.0, JobStatus.CANCELLED, 2),
        (DELETED, 0.0, JobStatus.FAILED, 0),
        (NO_CHANNEL, 1.0, JobStatus.CANCELLED, 2),
        (ARCHIVED, 1.0, JobStatus.CANCELLED, 2),
        (EXPIRED, 1.0, JobStatus.FAILED, 0),
    ],
)
def test_a_user_pays_for_what_was_drawn_only_if_the_message_was_withdrawn(
    harness: OutcomesHarness,
    error: ApiError,
    share: float,
    status: JobStatus,
    charged: int,
    by_apology: bool,
) -> None:
    held = harness.hold()
    held.drawn_share = share
    harness.publisher.apology_error = error
    harness.outcomes.failed(held, PicturesTooLargeError("x") if by_apology else error)
    assert harness.table.statuses[held.job.id] is status
    assert harness.table.details[held.job.id] == {"reason": "gone", "charged_pictures": charged}
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
        "charged_units": 25,
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
