"""In-memory fakes of the worker's dependencies, which keep lists of calls, and sample values."""

import itertools
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image

from discord_diffusion.aws.errors import QueueError, ReceiptLostError, StoreError
from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.discord.answer_layouts import apology
from discord_diffusion.fleet.pace import MeasuredPace
from discord_diffusion.jobs.job import DISCORD_EPOCH, Job, JobHeader
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.settings.worker import WorkerSettings
from discord_diffusion.worker.answer import Answer
from discord_diffusion.worker.pipeline_types import (
    Generation,
    GenerationRequest,
    ModelInfo,
    OnStep,
    PhaseSeconds,
    Picture,
    Preview,
)
from discord_diffusion.worker.publisher import Fence, MessageState
from tests.messages import text_of

TOKEN = "aW50ZXJhY3Rpb246c2VjcmV0"
MODEL = ModelInfo("tiny", "DDIMScheduler", "cpu")
_NUMBERS = itertools.count(1)


def make_settings(**changes: str) -> WorkerSettings:
    environment = {"QUEUE_URL": "http://127.0.0.1:1/000000000000/jobs.fifo", "MODEL": "none"}
    return WorkerSettings.from_environ(environment | changes)


def make_parameters(**changes: Any) -> GenerationParameters:
    base = GenerationParameters("a red circle", 7, 3, 2.0, 32, 32, 2)
    return replace(base, **changes)


def snowflake(age: timedelta = timedelta(0)) -> str:
    """A new snowflake of that age."""
    milliseconds = int((datetime.now(UTC) - age - DISCORD_EPOCH).total_seconds() * 1000)
    return str((milliseconds << 22) + next(_NUMBERS))


def make_job(
    age: timedelta = timedelta(0), limit: int = 10 * 1024 * 1024, **parameters: Any
) -> Job:
    return Job(
        id=snowflake(age),
        application_id="100",
        token=TOKEN,
        user_id="200",
        locale="en-US",
        parameters=make_parameters(**parameters),
        attachment_size_limit=limit,
    )


def make_message(body: str, receive_count: int = 1) -> ReceivedMessage:
    number = next(_NUMBERS)
    return ReceivedMessage(f"m{number}", f"r{number}", body, receive_count, "200", time.time())


def make_generation(parameters: GenerationParameters, filtered: int = 0) -> Generation:
    pictures = tuple(
        Picture(Image.new("RGB", (32, 32), (index * 60, 10, 10)), parameters.seed + index, index)
        for index in range(filtered, parameters.images)
    )
    return Generation(pictures, filtered, PhaseSeconds(0.1, 0.2, 0.1), MODEL)


@dataclass
class MemoryQueue:
    """A queue in memory; records what was done to each receipt handle."""

    waiting: list[ReceivedMessage] = field(default_factory=list)
    extended: list[tuple[str, int]] = field(default_factory=list)
    released: list[tuple[str, int]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    polls: list[int | None] = field(default_factory=list)
    """How long each poll would have waited."""
    lost: bool = False
    failures: list[QueueError] = field(default_factory=list)

    def receive(self, *, wait_seconds: int | None = None) -> list[ReceivedMessage]:
        self.polls.append(wait_seconds)
        if self.failures:
            raise self.failures.pop(0)
        if not self.waiting:
            time.sleep(0.001)
            return []
        return [self.waiting.pop(0)]

    def extend(self, receipt_handle: str, seconds: int) -> None:
        if self.lost:
            raise ReceiptLostError("ReceiptHandleIsInvalid")
        self.extended.append((receipt_handle, seconds))

    def release(self, receipt_handle: str, delay_seconds: int = 0) -> None:
        self.released.append((receipt_handle, delay_seconds))

    def delete(self, receipt_handle: str) -> None:
        if self.lost:
            raise ReceiptLostError("ReceiptHandleIsInvalid")
        self.deleted.append(receipt_handle)


@dataclass
class MemoryTable:
    """A jobs table in memory, or one that raises `error`."""

    statuses: dict[str, JobStatus] = field(default_factory=dict)
    details: dict[str, dict[str, str | float]] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    """Jobs that a moderator has stopped."""
    pace: list[MeasuredPace] = field(default_factory=list)
    error: StoreError | None = None

    def begin(self, job_id: str) -> JobStatus:
        if self.error:
            raise self.error
        before = self.statuses.get(job_id, JobStatus.QUEUED)
        if not before.finished:
            self.statuses[job_id] = JobStatus.DRAWING
        return before

    def finish(
        self,
        job_id: str,
        status: JobStatus,
        **details: str | float,
    ) -> bool:
        if self.error:
            raise self.error
        if self.statuses.get(job_id, JobStatus.QUEUED).finished:
            return False
        self.statuses[job_id] = status
        self.details[job_id] = details
        return True

    def has_stop_order(self, job_id: str) -> bool:
        if self.error:
            raise self.error
        return job_id in self.stopped

    def save_pace(self, pace: MeasuredPace) -> None:
        self.pace.append(pace)


@dataclass
class FakeGenerator:
    """Draws plain colours, or raises `error`."""

    error: Exception | None = None
    filtered: int = 0
    drawn: list[GenerationParameters] = field(default_factory=list)
    during: Callable[[], None] = lambda: None
    after_step: Callable[[int], None] = lambda _step: None
    """Called after a step that did not end the batch."""
    model: ModelInfo = MODEL
    pictures_at_once: int = 4
    batches: list[list[GenerationRequest]] = field(default_factory=list)
    preview: Preview | None = None
    memory: int | None = None

    def peak_memory(self) -> int | None:
        return self.memory

    def batch_key(self, parameters: GenerationParameters) -> Hashable:
        return (parameters.width, parameters.height, parameters.steps)

    def capacity(self, parameters: GenerationParameters) -> int:  # noqa: ARG002 - of the protocol
        return self.pictures_at_once

    def generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        parameters = [request.parameters for request in requests]
        self.drawn += parameters
        self.batches.append(list(requests))
        self.during()
        if self.error:
            return [self.error] * len(requests)
        steps = parameters[0].steps
        for step in range(steps):
            on_step(step + 1, steps, self.preview)
            self.after_step(step + 1)
        return [make_generation(wanted, self.filtered) for wanted in parameters]


@dataclass
class MemoryPublisher:
    """A publisher that records what users would see."""

    answered: set[str] = field(default_factory=set)
    sent: list[Answer] = field(default_factory=list)
    apologies: list[tuple[str, str]] = field(default_factory=list)
    """The id of the job, and the text."""
    progress: list[tuple[str, str]] = field(default_factory=list)
    sketches: list[Image.Image] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    error: Exception | None = None
    apology_error: Exception | None = None
    """Raised instead of showing an apology."""
    during_upload: Callable[[], None] = lambda: None
    during_progress: Callable[[], None] = lambda: None
    timeouts: list[float | None] = field(default_factory=list)

    def message_state(self, to: JobHeader, *, timeout_seconds: float | None = None) -> MessageState:
        self.timeouts.append(timeout_seconds)
        if to.id in self.answered:
            return MessageState.PICTURES
        return MessageState.APOLOGY if to.id in dict(self.apologies) else MessageState.PENDING

    def show_progress(self, job: Job, status: str, sketch: Image.Image | None = None) -> None:
        self.during_progress()
        self.progress.append((job.id, status))
        if sketch:
            self.sketches.append(sketch)

    def upload(self, answer: Answer, fence: Fence) -> Answer:
        self.during_upload()
        if self.error:
            raise self.error
        fence()
        self.sent.append(answer)
        self.answered.add(answer.job.id)
        return replace(answer, message_id="5")

    def repeat(self, answer: Answer) -> None:
        self.repeated.append(text_of({"components": answer.components}))

    def restore(self, job: Job) -> bool:
        self.restored.append(job.id)
        if self.error:
            raise self.error
        return True

    def apologise(
        self, to: JobHeader, reason: str, *, timeout_seconds: float | None = None
    ) -> None:
        self.timeouts.append(timeout_seconds)
        if self.apology_error:
            raise self.apology_error
        parameters = to.parameters if isinstance(to, Job) else None
        components = apology(to.id, to.locale, reason, parameters)
        self.apologies.append((to.id, text_of({"components": components})))


@dataclass
class MemoryHealth:
    """Records what would be written into the health file."""

    states: list[str] = field(default_factory=list)

    def write(self, state: str) -> None:
        self.states.append(state)


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Return as soon as the condition holds; fail after the time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        time.sleep(0.005)
