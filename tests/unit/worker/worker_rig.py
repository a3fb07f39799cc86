"""A whole worker with everything around it in memory."""

import threading
from dataclasses import dataclass, field
from typing import Any

import httpx

from discord_diffusion.aws.queue import ReceivedMessage
from discord_diffusion.jobs.job import Job
from discord_diffusion.worker.assembly import Surroundings, Worker
from discord_diffusion.worker.outcomes import LeaseTerms
from discord_diffusion.worker.records import Records
from discord_diffusion.worker.source_images import Sources
from tests.unit.worker.fakes import (
    FakeGenerator,
    MemoryPublisher,
    MemoryQueue,
    MemoryTable,
    make_message,
    wait_until,
)

MAX_RECEIVES = 3


def no_sources(request: httpx.Request) -> httpx.Response:
    """A CDN that has nothing."""
    return httpx.Response(404)


@dataclass
class Rig:
    """A context manager: the worker works inside the block."""

    queue: MemoryQueue = field(default_factory=MemoryQueue)
    generator: FakeGenerator = field(default_factory=FakeGenerator)
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    table: MemoryTable = field(default_factory=MemoryTable)
    visibility_seconds: int = 60
    stop_timeout_seconds: float = 25.0
    surroundings: dict[str, Any] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    hung: list[bool] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    """Of the loop."""

    def __enter__(self) -> "Rig":
        around: dict[str, Any] = {
            "queue": self.queue,
            "generator": self.generator,
            "publisher": self.publisher,
            "sources": Sources({"cdn.test"}, "https://discord.test", transport=_cdn(no_sources)),
            "terms": LeaseTerms(self.visibility_seconds, MAX_RECEIVES),
            "stop_timeout_seconds": self.stop_timeout_seconds,
            "records": Records(self.table),
            "pace_table": self.table,
            "beat": self.states.append,
            "end_process": lambda: self.hung.append(True),
        }
        self.worker = Worker(Surroundings(**around | self.surroundings))
        self.worker.start()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def _run(self) -> None:
        try:
            self.worker.loop.run()
        except BaseException as error:  # noqa: BLE001 - for the test to look at
            self.errors.append(error)

    def __exit__(self, *_exception: object) -> None:
        self.stop()
        self.worker.loop.give_back()

    def stop(self) -> None:
        """As SIGTERM would; returns when the loop has ended."""
        if self.thread.is_alive():
            self.worker.loop.stop()
            self.thread.join(10)

    def run(self, job: Job, receive_count: int = 1) -> ReceivedMessage:
        """See a job to its end here."""
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
        # Whoever has taken the last message polls again only once it is among those held.
        polls = len(self.queue.polls)
        wait_until(lambda: len(self.queue.polls) > polls + 1 and not self.worker.holdings.all())

    def untouched(self) -> bool:
        """Whether nothing was done to any message."""
        return not (self.queue.deleted or self.queue.released)


def _cdn(handler: Any) -> httpx.MockTransport:
    return httpx.MockTransport(handler)
