"""A crowd asks for more at once than a worker draws in a minute: nobody is refused without need."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from channel import Channel, contains_text, content_of, is_ephemeral

from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.fleet.pace import DrawnBatch, MeasuredPace
from discord_diffusion.fleet.state import FleetSnapshot
from discord_diffusion.fleet.work import Work
from tests.stack import Stack, Workers

REQUESTS, USERS, CLIENTS = 80, 20, 4
ATTEMPTS = 5
NO_ESTIMATES = ("refused.cooldown", "refused.queue", "refused.store")
SNAPSHOT_SECONDS = 0.5
SLOW = MeasuredPace((DrawnBatch(100, 150.0),) * 2, datetime.now(UTC))
"""What a worker publishes after two jobs of one unit that took 150 s each: at that pace 80 such
jobs would take more than three hours."""


@contextmanager
def fleet_of_one(channel: Channel) -> Iterator[None]:
    """The snapshots of a fleet with one task, which is all that it may have.

    The scaling loop of this stack sees no task, for tests start its workers; what it finds once a
    minute is replaced at once.
    """
    table = Table(channel.table, client=channel.dynamodb)
    store, jobs, ended = FleetStateStore(table), JobStore(table), threading.Event()

    def save() -> None:
        visible, in_flight = channel.stack.queue_depth()
        work = Work.of(jobs.waiting(1000))
        now = datetime.now(UTC)
        store.save_snapshot(FleetSnapshot(visible, in_flight, 1, 1, 1, now, work=work))

    def keep() -> None:
        while not ended.wait(SNAPSHOT_SECONDS):
            save()

    store.save_pace(MeasuredPace(SLOW.batches, datetime.now(UTC)))
    save()
    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for key in ("fleet", "pace"):
            channel.dynamodb.delete_item(TableName=channel.table, Key={"id": {"S": key}})


def request(channel: Channel, user: str) -> dict[str, Any]:
    """Request one small picture; again where only a pause between requests was missing.

    Again, too, where the emulator was too slow on this machine: that is no estimate's refusal.
    """
    for _ in range(ATTEMPTS):
        sent = channel.imagine(user, options={"steps": 1})
        text = content_of(sent)
        if not any(contains_text(text, "en-US", key) for key in NO_ESTIMATES):
            break
    return sent


def test_a_burst_of_requests_is_accepted_and_drawn_by_one_worker(
    stack: Stack, workers: Workers
) -> None:
    """Two slow jobs were drawn before: they move no estimate so far that anybody is refused."""
    channel = Channel(stack)
    first = int(channel.new_user())
    users = [str(first + number) for number in range(USERS)]
    with fleet_of_one(channel):
        with ThreadPoolExecutor(CLIENTS) as pool:
            sent = list(
                pool.map(lambda number: request(channel, users[number % USERS]), range(REQUESTS))
            )
        refused = [content_of(one) for one in sent if is_ephemeral(one)]
        assert refused == []
        workers.start()
        for one in sent:
            channel.pictures(one)
