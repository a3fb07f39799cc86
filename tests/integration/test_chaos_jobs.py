"""Chaos: each of a hundred jobs is answered exactly once while workers and Discord fail.

Workers are ended by SIGKILL and SIGTERM and frozen by SIGSTOP for longer than a lease, while
Discord limits rates, answers 5xx, drops connections after it has acted, and answers 404 for
interactions that it has just made. `CHAOS_SEED` repeats a run, as far as the machine allows.
"""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import boto3
import pytest

from discord_diffusion.jobs.record import JobStatus
from emulation.rig.emulator_client import client_options
from emulation.rig.waiting import wait_until
from tests.integration.chaos_crowd import Crowd
from tests.integration.chaos_fleet import ChaosFleet, shuffled_signals
from tests.integration.message_history import MessageHistory
from tests.stack import OPTIONS, Stack, Workers

SEED = int(os.environ.get("CHAOS_SEED", "7"))
JOBS, USERS, WORKERS, SIGNALS_OF_A_KIND = 100, 25, 2, 2
MAX_RECEIVES = 12
"""More than in a healthy deployment: here workers die all the time."""
SECONDS = 240
FAULTS: dict[str, dict[str, object]] = {
    "rate_limited": {"probability": 0.05, "path": "/webhooks/", "seconds": 0.3},
    "server_error": {"probability": 0.05, "path": "/webhooks/"},
    "dropped": {"probability": 0.05, "path": "/webhooks/", "when": "after"},
    # Much shorter than a job is not given up: 10 s from a worker's first edit, and 7.5 s from the
    # request by `waiting`, which an answer of a busy machine does not reach at once.
    "early_404": {"probability": 0.5, "seconds": 3.0},
}


@pytest.fixture
def queue_with_more_receives(stack: Stack) -> Iterator[None]:
    """The queue with more receives before its redrive, until the test ends."""
    url = stack.state.queue_url
    found = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    kept = found["Attributes"]["RedrivePolicy"]
    policy = json.loads(kept) | {"maxReceiveCount": MAX_RECEIVES}
    stack.sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})
    yield
    stack.sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": kept})


@pytest.fixture
def discord_faults(stack: Stack) -> Iterator[None]:
    """Discord's faults switched on, until the test ends."""
    stack.discord.set_chaos(FAULTS, seed=SEED)
    yield
    stack.discord.set_chaos({})


def uploads_of(stack: Stack, job: str) -> list[tuple[str, ...]]:
    return MessageHistory(job, "", 0, stack.discord.interaction(job)).uploads


def oldest(crowd: Crowd, answered: set[str]) -> list[str]:
    """The oldest job of each user that was not answered: the first whose answer can come."""
    by_user: dict[str, str] = {}
    for job, (user, _) in crowd.sent.items():
        if job not in answered:
            by_user.setdefault(user, job)
    return list(by_user.values())


def histories(stack: Stack, sent: dict[str, tuple[str, int]]) -> list[MessageHistory]:
    return [
        MessageHistory(job, user, images, stack.discord.interaction(job))
        for job, (user, images) in sent.items()
    ]


@pytest.mark.timeout(600)
def test_every_job_is_answered_exactly_once_whatever_breaks(
    stack: Stack, workers: Workers, queue_with_more_receives: None, discord_faults: None
) -> None:
    rng = random.Random(SEED)
    dead = stack.dead_letters()
    workers.change(MAX_RECEIVE_COUNT=str(MAX_RECEIVES))
    fleet = ChaosFleet(workers, WORKERS, OPTIONS.visibility_timeout_seconds + 2, rng)
    crowd = Crowd(stack.discord, JOBS, USERS, rng)
    plan = shuffled_signals(rng, SIGNALS_OF_A_KIND)
    due = [JOBS * (place + 1) // (len(plan) + 1) for place in range(len(plan))]
    deadline = time.monotonic() + SECONDS
    answered: set[str] = set()
    while len(answered) < JOBS and time.monotonic() < deadline:
        answered |= {job for job in oldest(crowd, answered) if uploads_of(stack, job)}
        if plan and len(answered) >= due[0] and fleet.signal_one(plan[0]):
            plan.pop(0)
            due.pop(0)
        fleet.fill()
        time.sleep(rng.uniform(0.1, 0.5))
    sent = crowd.end()
    fleet.wait_for_thaws()
    wait_until(lambda: stack.queue_depth() == (0, 0) or len(answered) < JOBS, "no message is left")
    seen = histories(stack, sent)
    reports = [history.report(stack.folder.logs) for history in seen if history.faults()]
    events = "\n".join(fleet.events)
    assert not reports, f"seed {SEED}\n{events}\n" + "\n".join(reports)
    assert stack.dead_letters() <= dead, "those of other tests may be handled meanwhile"
    assert not plan, f"every signal was sent:\n{events}"
    faults = stack.discord.chaos()["faults"]
    assert all(fault["hits"] for fault in faults.values()), faults
    check_order(seen)
    check_records(stack, sent)
    check_ledger(stack, {user for user, _ in sent.values()})


def check_order(seen: list[MessageHistory]) -> None:
    """Each user's jobs were answered in the order they were sent."""
    for user in {history.user for history in seen}:
        answers = [history.answered_at for history in seen if history.user == user]
        assert all(first < second for first, second in pairwise(answers)), (user, answers)


def check_records(stack: Stack, sent: dict[str, tuple[str, int]]) -> None:
    """Every job is recorded as answered."""
    table = boto3.client("dynamodb", **client_options(stack.state))
    items = [
        table.get_item(TableName=stack.state.jobs_table_name, Key={"id": {"S": f"job#{job}"}})
        for job in sent
    ]
    assert {item["Item"]["status"]["S"] for item in items} == {JobStatus.ANSWERED}


def check_ledger(stack: Stack, users: set[str]) -> None:
    """Every user is charged what the answered jobs cost, and holds no job that has ended.

    A job that was accepted too late for an answer to Discord stays in the table until it is
    cleaned up: charged, and in flight.
    """
    table = boto3.client("dynamodb", **client_options(stack.state))
    pages = table.get_paginator("scan").paginate(TableName=stack.state.jobs_table_name)
    items = {item["id"]["S"]: item for page in pages for item in page["Items"]}
    paid, used = Counter[str](), Counter[str]()
    waiting: dict[str, set[str]] = {user: set() for user in users}
    in_flight = {user: set[str]() for user in users}
    for key, item in items.items():
        kind, *path = key.split("#")
        user = item["user_id"]["S"] if kind == "job" else path[0] if kind == "user" else ""
        if user not in users:
            continue
        if kind == "user":
            used[user] += int(item["used"]["N"]) if path[1:] else 0
            in_flight[user] |= set(item.get("jobs", {"SS": []})["SS"])
        elif item["status"]["S"] in (JobStatus.ANSWERED, JobStatus.QUEUED):
            paid[user] += int(item["units"]["N"])
            waiting[user] |= {path[0]} if item["status"]["S"] == JobStatus.QUEUED else set()
    assert set(paid) == users
    assert used == paid
    assert in_flight == waiting
