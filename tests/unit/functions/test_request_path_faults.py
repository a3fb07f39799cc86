"""Whatever fails on the path of a request, what its user reads, the record, the charge and the
queue agree once `confirm` has run, four seconds after it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from discord_diffusion.jobs.record import JobStatus
from tests.messages import text_of
from tests.unit.functions.request_path import Deployment, Fault, RequestPath, deployment

PATH = (
    ("dynamodb", "BatchGetItem"),
    ("dynamodb", "BatchGetItem"),
    ("sqs", "GetQueueAttributes"),
    ("stepfunctions", "StartExecution"),
    ("dynamodb", "TransactWriteItems"),
    ("sqs", "SendMessage"),
    ("stepfunctions", "StartExecution"),
    ("dynamodb", "PutItem"),
)
"""The calls of a request for pictures, from a new channel of a guild whose fleet sleeps."""


@pytest.fixture(scope="module")
def one_deployment() -> Iterator[Deployment]:
    with deployment() as made:
        yield made


@pytest.fixture
def path(one_deployment: Deployment) -> RequestPath:
    return one_deployment.new_path()


CONFIRM, SEND = PATH.index(("stepfunctions", "StartExecution")), PATH.index(("sqs", "SendMessage"))


def check_agreement(path: RequestPath) -> dict[str, Any]:
    """Raise where the user reads something else than what is recorded, charged and queued.

    Returns what is.
    """
    reads, facts = path.user_reads, path.facts
    charged = {"used": facts["units"], "in flight": 1}
    match reads, facts["status"]:
        case "pictures", JobStatus.ANSWERED:
            # moto forgets a message's deduplication id with the message, which SQS keeps: a worker
            # deletes the second message undrawn.
            expected = charged | {"in flight": 0}
        case "queued", JobStatus.QUEUED:
            expected = charged | {"messages": 1}
        case (("no" | "nothing"), (None | JobStatus.REFUSED | JobStatus.FAILED)):
            # A message that is left is deleted by the worker that receives it.
            expected = {"used": 0, "in flight": 0}
        case _:
            raise AssertionError(f"the user reads {reads!r}, but {facts}")
    assert {name: facts[name] for name in expected} == expected, (reads, facts)
    return facts


def walk(path: RequestPath) -> None:
    path.answer()
    path.deliver()
    path.make_late_calls()
    if not path.confirm():
        # The fault was that of the confirmation itself, or there is no job.
        assert path.at <= CONFIRM
        path.look(seconds=10)
    check_agreement(path)
    path.worker()
    path.deliver()
    facts = check_agreement(path)
    assert path.user_reads != "queued"
    assert facts["messages"] == 0
    assert path.user_reads in ("pictures", "nothing") or "Nothing was charged" in text_of(
        path.discord.message or {}
    )


def test_without_a_fault_the_calls_are_these_and_the_user_gets_pictures(path: RequestPath) -> None:
    walk(path)
    assert tuple(path.calls) == PATH
    assert path.user_reads == "pictures"


@dataclass(frozen=True)
class Case:
    """A fault of the call at a place of the path."""

    at: int
    fault: Fault
    lasting: bool
    worker_is_quick: bool

    def __str__(self) -> str:
        when = "from then on" if self.lasting else "once"
        worker = "drawn at once" if self.worker_is_quick else "waits"
        return f"{self.at} {PATH[self.at][1]}, {self.fault}, {when}, {worker}"


ENDED = (Fault.ENDED_BEFORE, Fault.ENDED_AFTER)
CASES = [
    Case(at, fault, lasting, worker_is_quick)
    for at, fault, lasting, worker_is_quick in product(
        range(len(PATH)), Fault, (False, True), (False, True)
    )
    # A function ends once, before a call as after the one before it, and no worker can have a
    # message before there is one.
    if not (lasting and fault in ENDED)
    and not (at and fault is Fault.ENDED_BEFORE)
    and not (worker_is_quick and at < SEND - 1)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_whatever_fails_what_the_user_reads_is_what_is_recorded_charged_and_queued(
    path: RequestPath, case: Case
) -> None:
    path.at, path.fault, path.lasting = case.at, case.fault, case.lasting
    path.worker_is_quick = case.worker_is_quick
    walk(path)


@pytest.mark.parametrize(
    ("at", "fault", "again_before"),
    [
        (at, fault, again_before)
        for at, fault, again_before in product((SEND - 1, SEND), Fault, range(CONFIRM, len(PATH)))
        # A function that has ended makes no later call.
        if again_before <= at or fault not in ENDED
    ],
)
def test_another_delivery_may_be_answered_before_any_call(
    path: RequestPath, at: int, fault: Fault, again_before: int
) -> None:
    path.at, path.fault, path.lasting = at, fault, fault not in ENDED
    path.again_before = again_before
    walk(path)


@pytest.mark.parametrize("worker_is_quick", [False, True], ids=["waits", "is drawn at once"])
@pytest.mark.parametrize("fault", Fault)
def test_the_calls_that_follow_a_message_whose_answer_is_lost_may_fail_too(
    path: RequestPath, fault: Fault, worker_is_quick: bool
) -> None:
    """The job can be taken back or not."""
    path.at, path.fault, path.lasting = SEND, Fault.UNANSWERED, True
    path.worker_is_quick = worker_is_quick
    path.then = {"TransactWriteItems": fault}
    walk(path)
