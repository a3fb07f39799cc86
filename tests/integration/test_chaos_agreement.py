"""Chaos: what each user reads, the record, the charge and the queue agree whatever breaks.

Workers are ended by SIGKILL and SIGTERM and frozen by SIGSTOP for longer than a lease. DynamoDB,
SQS and Step Functions throttle, fail, lose calls and answers, and act late. Discord limits rates,
answers 5xx, drops connections after it has acted, answers 404 for interactions that it has just
made, delivers them twice, and signs with a clock that is wrong. Users cancel and click.
`CHAOS_SEED` repeats a run, as far as the machine allows. Only `make chaos` runs it: it takes
minutes.
"""

import json
import logging
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import boto3
import pytest

from discord_diffusion.jobs.record import JobStatus
from emulation.rig.emulator_client import client_options
from emulation.rig.experiments import Experiments, call_actions
from emulation.rig.waiting import wait_until
from tests.integration.chaos_crowd import Crowd
from tests.integration.chaos_fleet import ChaosFleet, shuffled_signals
from tests.integration.message_history import MessageHistory
from tests.messages import text_of
from tests.stack import OPTIONS, Stack, Workers

log = logging.getLogger(__name__)

FIRST_SEED = int(os.environ.get("CHAOS_SEED", "7"))
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("CHAOS_RUNS", "1")))
JOBS, USERS, WORKERS = int(os.environ.get("CHAOS_JOBS", "0")), 25, 2
SIGNALS_OF_A_KIND = max(1, JOBS // 50)
MAX_RECEIVES = 12
"""More than in a healthy deployment: here workers die all the time."""
SECONDS = 240 + 4 * JOBS
FAULTS: dict[str, dict[str, object]] = {
    "rate_limited": {"probability": 0.05, "path": "/webhooks/", "seconds": 0.3},
    "server_error": {"probability": 0.05, "path": "/webhooks/"},
    "dropped": {"probability": 0.05, "path": "/webhooks/", "when": "after"},
    # Longer than until `waiting` reads each message, 4 s after its interaction.
    "early_404": {"probability": 0.3, "seconds": 6.0},
    "duplicates": {"probability": 0.1},
    "clock_skew": {"probability": 0.2, "seconds": 30.0},
}
ENDED = {
    "pictures": {JobStatus.ANSWERED},
    "cancelled": {JobStatus.CANCELLED},
    "told why": {JobStatus.FAILED, JobStatus.REFUSED},
}
"""The statuses that agree with what a user reads."""
FAULTY_FUNCTIONS = ("interactions", "waiting", "dead_letters")
AWS_FAULTS = {
    "aws:fis:inject-api-throttle-error": 3,
    "aws:fis:inject-api-internal-error": 2,
    "emulator:inject-api-lost-request": 1,
    "emulator:inject-api-lost-response": 1,
    "emulator:inject-api-delay": 2,
}
"""The percentage of the calls that each fault strikes."""


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


@pytest.fixture(params=SEEDS)
def seed(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture
def discord_faults(stack: Stack, seed: int) -> Iterator[None]:
    """Discord's faults switched on, until the test ends."""
    stack.discord.set_chaos(FAULTS, seed=seed)
    yield
    stack.discord.set_chaos({})


@pytest.fixture
def aws_faults(stack: Stack, seed: int) -> Iterator[Callable[[], dict[str, str]]]:
    """The calls of the functions and the workers fail, until the test ends: what has struck."""
    experiments = Experiments(stack.state)
    target = {"target": experiments.callers(FAULTY_FUNCTIONS)}
    actions = call_actions(AWS_FAULTS, "PT12H")
    experiment = experiments.start("chaos", target, actions, f"seed {seed}")
    yield lambda: experiments.struck(experiment)
    experiments.stop(experiment)


@dataclass(frozen=True)
class Table:
    """The jobs table as it is now."""

    items: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, stack: Stack) -> "Table":
        client = boto3.client("dynamodb", **client_options(stack.state))
        pages = client.get_paginator("scan").paginate(TableName=stack.state.jobs_table_name)
        return cls({item["id"]["S"]: dict(item) for page in pages for item in page["Items"]})

    def statuses(self, users: set[str]) -> dict[str, JobStatus]:
        """The statuses of the users' jobs, of those too whose users read no answer."""
        return {
            key.removeprefix("job#"): JobStatus(item["status"]["S"])
            for key, item in self.items.items()
            if key.startswith("job#") and item["user_id"]["S"] in users
        }

    def in_index(self, users: set[str]) -> list[str]:
        """The users' jobs whose users have not been notified of the end."""
        jobs = (item for key, item in self.items.items() if key.startswith("job#"))
        return [
            item["id"]["S"] for item in jobs if "waiting" in item and item["user_id"]["S"] in users
        ]


def has_ended(history: MessageHistory) -> str | None:
    """What the user reads of a job's end; None while the job goes on."""
    message = history.record["message"]
    if history.uploads:
        return "pictures"
    content = text_of(message) if message else ""
    if "Cancelled" in content:
        return "cancelled"
    return "told why" if content.startswith("❌") else None


def look_at_waiting_jobs(stack: Stack) -> None:
    """What the scaling loop does every 15 s while there is a job."""
    client = boto3.client("lambda", **client_options(stack.state))
    client.invoke(FunctionName=stack.state.function_names["waiting"])


@pytest.mark.skipif(not JOBS, reason="it takes minutes: make chaos")
@pytest.mark.timeout(SECONDS * (len(SEEDS) + 1))
def test_what_is_read_recorded_charged_and_queued_agrees_whatever_breaks(
    stack: Stack,
    workers: Workers,
    queue_with_more_receives: None,
    discord_faults: None,
    aws_faults: Callable[[], dict[str, str]],
    seed: int,
) -> None:
    rng = random.Random(seed)
    dead = stack.dead_letters()
    workers.change(MAX_RECEIVE_COUNT=str(MAX_RECEIVES))
    fleet = ChaosFleet(workers, WORKERS, OPTIONS.visibility_timeout_seconds + 2, rng)
    crowd = Crowd(stack.discord, JOBS, USERS, rng, first_user=1000 * seed, cancels=True)
    plan = shuffled_signals(rng, SIGNALS_OF_A_KIND)
    due = [JOBS * (place + 1) // (len(plan) + 1) for place in range(len(plan))]
    deadline, look_at = time.monotonic() + SECONDS, time.monotonic()
    ended: dict[str, str] = {}
    at_rest = False
    while time.monotonic() < deadline and not at_rest:
        # What is not explained once nothing is left to do never will be.
        at_rest = crowd.is_done and (
            ended.keys() >= set(crowd.sent) or is_at_rest(stack, crowd.sent)
        )
        for job in [job for job in crowd.sent if job not in ended]:
            history = MessageHistory(job, "", 0, stack.discord.interaction(job))
            if end := has_ended(history):
                ended[job] = end
                if end == "pictures":
                    crowd.click_again(job, history)
        if plan and len(ended) >= due[0] and fleet.signal_one(plan[0]):
            plan.pop(0)
            due.pop(0)
        if time.monotonic() > look_at:
            look_at = time.monotonic() + 10
            look_at_waiting_jobs(stack)
        fleet.fill()
        time.sleep(rng.uniform(0.1, 0.5))
    sent = crowd.end()
    fleet.wait_for_thaws()
    seen = [
        MessageHistory(job, user, images, stack.discord.interaction(job))
        for job, (user, images) in sent.items()
    ]
    events = f"seed {seed}, {aws_faults()}\n" + "\n".join(fleet.events)
    reports = [
        history.report(stack.folder.logs)
        for history in seen
        if has_ended(history) is None or (has_ended(history) == "pictures" and history.faults())
    ]
    assert not reports, f"{events}\n" + "\n".join(reports)
    wait_until(lambda: stack.queue_depth() == (0, 0), "no message is left", 120)
    users = {user for user, _ in sent.values()}
    settle(stack, users)
    assert stack.dead_letters() <= dead, "those of other tests may be handled meanwhile"
    assert not plan, f"every signal was sent:\n{events}"
    hits = {name: fault["hits"] for name, fault in stack.discord.chaos()["faults"].items()}
    assert all(hits.values()), hits
    check_order([history for history in seen if history.id in crowd.in_order])
    check_records(stack, seen)
    check_ledger(stack, users)
    counts = Counter(has_ended(history) for history in seen)
    assert sum(counts.values()) == len(sent)
    log.warning(
        "seed %d: %d accepted, %s; taken back after at most %.1f s; AWS: %s; Discord: %s",
        seed, len(sent), counts, slowest_take_back(stack, users), aws_faults(), hits,
    )  # fmt: skip


def is_at_rest(stack: Stack, sent: Mapping[str, tuple[str, int]]) -> bool:
    """Whether no program has anything left to do for the users' jobs."""
    users = {user for user, _ in sent.values()}
    left = Table.of(stack).in_index(users)
    return not left and stack.queue_depth() == (0, 0)


def settle(stack: Stack, users: set[str]) -> None:
    """Wait until no job of the users is unfinished, of those too that no user was told of."""

    def nothing_is_unfinished() -> bool:
        look_at_waiting_jobs(stack)
        return all(status.finished for status in Table.of(stack).statuses(users).values())

    wait_until(nothing_is_unfinished, "no record is unfinished", 60)


def slowest_take_back(stack: Stack, users: set[str]) -> float:
    """Seconds from the interaction to the end of the job that was refused last of all."""
    refused = (
        item
        for key, item in Table.of(stack).items.items()
        if key.startswith("job#") and item["user_id"]["S"] in users
        if item["status"]["S"] == JobStatus.REFUSED and "finished_at" in item
    )
    times = (float(one["finished_at"]["N"]) - float(one["created_at"]["N"]) for one in refused)
    return max(times, default=0.0)


def check_order(seen: list[MessageHistory]) -> None:
    """Each user's jobs were answered in the order they were sent."""
    for user in {history.user for history in seen}:
        answers = [
            history.answered_at for history in seen if history.user == user and history.uploads
        ]
        assert all(first < second for first, second in pairwise(answers)), (user, answers)


def check_records(stack: Stack, seen: list[MessageHistory]) -> None:
    """Every job is recorded as its user reads; what no user was told of is not drawn."""
    statuses = Table.of(stack).statuses({history.user for history in seen})
    for history in seen:
        end = has_ended(history) or ""
        assert statuses.pop(history.id) in ENDED[end], history.report(stack.folder.logs)
    assert JobStatus.ANSWERED not in statuses.values(), statuses


def check_ledger(stack: Stack, users: set[str]) -> None:
    """Every user is charged what the answered jobs cost, and holds no job."""
    paid, used = Counter[str](), Counter[str]()
    for key, item in Table.of(stack).items.items():
        kind, *path = key.split("#")
        user = item["user_id"]["S"] if kind == "job" else path[0] if kind == "user" else ""
        if user not in users:
            continue
        if kind == "user":
            used[user] += float(item["used"]["N"]) if path[1:] else 0
            assert not item.get("jobs"), (user, item)
        elif item["status"]["S"] == JobStatus.ANSWERED:
            paid[user] += float(item["units"]["N"])
    assert {user: used[user] for user in users} == {user: paid[user] for user in users}
