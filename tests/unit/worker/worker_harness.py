"""A whole worker whose dependencies are in memory."""

import threading
from dataclasses import dataclass, field
from typing import Any

import httpx

from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.jobs.job import Job
from discord_diffusion.worker.dependencies import Dependencies
from discord_diffusion.worker.job_record_writer import JobRecordWriter
from discord_diffusion.worker.lease import LeaseTerms
from discord_diffusion.worker.pace import Pace
from discord_diffusion.worker.source_images import SourceImages
from discord_diffusion.worker.worker import Worker
from tests.unit.worker.fakes import (
    FakeGenerator,
    MemoryHealth,
    MemoryPublisher,
    MemoryQueue,
    MemoryTable,
    make_message,
    wait_until,
)

MAX_RECEIVES = 3


@dataclass
class Harness:
    """A context manager: the worker works inside the block."""

    queue: MemoryQueue = field(default_factory=MemoryQueue)
    generator: FakeGenerator = field(default_factory=FakeGenerator)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    table: MemoryTable = field(default_factory=MemoryTable)
    visibility_seconds: int = 60
    stop_timeout_seconds: float = 25.0
    dependencies: dict[str, Any] = field(default_factory=dict)
    """Dependencies that replace those in memory."""
    health: MemoryHealth = field(default_factory=MemoryHealth)
    hung: list[bool] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    """Raised by `Worker.run`."""

    def __enter__(self) -> "Harness":
        usual: dict[str, Any] = {
            "queue": self.queue,
            "generator": self.generator,
            "publisher": self.publisher,
            "source_images": SourceImages(
                {"cdn.test"},
                "https://discord.test",
                transport=httpx.MockTransport(lambda _request: httpx.Response(404)),
            ),
            "terms": LeaseTerms(self.visibility_seconds, MAX_RECEIVES),
            "stop_timeout_seconds": self.stop_timeout_seconds,
            "records": JobRecordWriter(self.table),
            "pace": Pace(self.table),
            "health": self.health,
            "end_process": lambda: self.hung.append(True),
        }
        self.worker = Worker(Dependencies(**usual | self.dependencies))
        self.worker.start()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def _run(self) -> None:
        try:
            self.worker.run()
        except BaseException as error:  # noqa: BLE001 - the test asserts on it
            self.errors.append(error)

    def __exit__(self, *_exception: object) -> None:
        self.stop()
        self.worker.stop()  # the thread that receives outlives one that has failed
        self.worker.give_back()

    def stop(self) -> None:
        """Stop as SIGTERM would; returns when the worker has ended."""
        if self.thread.is_alive():
            self.worker.stop()
            self.thread.join(60)

    def run(self, job: Job, receive_count: int = 1) -> ReceivedMessage:
        """Put a job into the queue and wait until the worker has ended it."""
        message = make_message(job.to_json(), receive_count)
        self.give(message)
        self.settle()
        return message

    def give(self, *messages: ReceivedMessage) -> None:
        """Put messages into the queue, all at once."""
        self.queue.waiting += messages

    def settle(self) -> None:
        """Wait until the queue is empty and nothing is held."""
        wait_until(lambda: not self.queue.waiting)
        # The thread that took the last message polls again only once its job is held.
        polls = len(self.queue.polls)
        wait_until(lambda: len(self.queue.polls) > polls + 1 and not self.worker.held_jobs.all())

    def untouched(self) -> bool:
        """Whether nothing was done to any message."""
        return not (self.queue.deleted or self.queue.released)


class Gate:
    """Blocks the thread that calls it until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self._open.wait(60)

    def open(self) -> None:
        self._open.set()
