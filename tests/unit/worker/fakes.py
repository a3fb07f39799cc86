"""In-memory stand-ins of the worker's protocols, with lists to look at, and ready-made values."""

import itertools
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image

from discord_diffusion.aws.queue import QueueError, ReceiptLostError, ReceivedMessage
from discord_diffusion.envelope import Addressee
from discord_diffusion.jobs import DISCORD_EPOCH, GenerationParameters, Job
from discord_diffusion.settings import WorkerSettings
from discord_diffusion.worker.pictures import (
    Generation,
    GenerationRequest,
    ModelInfo,
    OnStep,
    PhaseSeconds,
    Picture,
)
from discord_diffusion.worker.publisher import Answer, Shown

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
    """An id of that age, different every time."""
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
    """Receives from a list; remembers what was done to each receipt handle."""

    waiting: list[ReceivedMessage] = field(default_factory=list)
    extended: list[tuple[str, int]] = field(default_factory=list)
    released: list[tuple[str, int]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    lost: bool = False
    failures: list[QueueError] = field(default_factory=list)
    on_empty: Callable[[], None] = lambda: None

    def receive(self, *, max_messages: int = 1) -> list[ReceivedMessage]:
        assert max_messages == 1
        if self.failures:
            raise self.failures.pop(0)
        if not self.waiting:
            self.on_empty()
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
class FakeGenerator:
    """Draws plain colours, or raises `error`."""

    error: Exception | None = None
    filtered: int = 0
    drawn: list[GenerationParameters] = field(default_factory=list)
    during: Callable[[], None] = lambda: None
    watch: Callable[[int], None] = lambda _step: None
    """Called after a step that nobody objected to."""
    model: ModelInfo = MODEL
    pictures_at_once: int = 4

    def batch_key(self, parameters: GenerationParameters) -> Hashable:
        return (parameters.width, parameters.height, parameters.steps)

    def capacity(self, parameters: GenerationParameters) -> int:  # noqa: ARG002 - of the protocol
        return self.pictures_at_once

    def generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        parameters = [request.parameters for request in requests]
        self.drawn += parameters
        self.during()
        if self.error:
            return [self.error] * len(requests)
        steps = parameters[0].steps
        for step in range(steps):
            on_step(step + 1, steps, None)
            self.watch(step + 1)
        return [make_generation(one, self.filtered) for one in parameters]


@dataclass
class MemoryPublisher:
    """Keeps what users would see."""

    answered: set[str] = field(default_factory=set)
    sent: list[Answer] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    progress: list[tuple[str, str]] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    error: Exception | None = None
    deaf: Exception | None = None
    """Raised instead of telling users anything."""
    patience: list[float | None] = field(default_factory=list)

    def shown(self, to: Addressee, *, patience: float | None = None) -> Shown:
        self.patience.append(patience)
        if to.id in self.answered:
            return Shown.PICTURES
        return Shown.FAILURE if to.id in dict(self.told) else Shown.PENDING

    def show_progress(self, job: Job, content: str) -> None:
        self.progress.append((job.id, content))

    def prepare(self, job: Job, generation: Generation) -> Answer:
        return Answer(job, f"{len(generation.pictures)} pictures", (), ())

    def send(self, answer: Answer) -> None:
        if self.error:
            raise self.error
        self.sent.append(answer)
        self.answered.add(answer.job.id)

    def repeat_text(self, answer: Answer) -> None:
        self.repeated.append(answer.content)

    def tell(self, to: Addressee, content: str, *, patience: float | None = None) -> None:
        self.patience.append(patience)
        if self.deaf:
            raise self.deaf
        self.told.append((to.id, content))


def wait_until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Return as soon as the condition holds; fail after the time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not come about"
        time.sleep(0.005)
