"""The lease: extended while a job is held, never after its end, and known to be lost."""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from discord_diffusion.aws.errors import QueueError, ReceiptLostError
from discord_diffusion.worker.lease import Lease, LeaseTerms
from tests.unit.worker.fakes import make_message, wait_until
from tests.unit.worker.worker_harness import Gate

VISIBILITY = 0.09  # the thread's pauses are thirds of it


@dataclass
class Visibility:
    """A queue that records the extensions, or raises `failure`."""

    extended: list[float] = field(default_factory=list)
    handles: set[str] = field(default_factory=set)
    failure: Exception | None = None
    tried: int = 0
    during: Callable[[], None] = lambda: None

    def extend(self, receipt_handle: str, seconds: float) -> None:
        self.tried += 1
        self.handles.add(receipt_handle)
        self.during()
        if self.failure:
            raise self.failure
        self.extended.append(seconds)


class SimulatedLease:
    """A lease whose thread does not wait: each of its pauses moves the clock instead."""

    def __init__(self, visibility: Visibility, pauses: float = math.inf, **options: Any) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self.overdue: list[float] = []
        self._most_pauses = pauses
        self.lease = Lease(
            visibility,  # type: ignore[arg-type]  # it can only be extended
            "r1",
            60,
            clock=lambda: self.now,
            on_overdue=lambda: self.overdue.append(self.now),
            **options,
        )
        self.ended = threading.Event()
        vars(self.lease)["_ended"] = self

    def wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return self.is_set() or len(self.pauses) >= self._most_pauses

    def is_set(self) -> bool:
        return self.ended.is_set()

    def set(self) -> None:
        self.ended.set()

    def run(self) -> None:
        """Start the thread of the lease; returns when it has ended."""
        self.lease.start()
        vars(self.lease)["_thread"].join(60)
        assert not vars(self.lease)["_thread"].is_alive()


@contextmanager
def kept(lease: Lease) -> Iterator[Lease]:
    lease.start()
    yield lease
    lease.end()


def make_lease(
    visibility: Visibility,
    seconds: float = VISIBILITY,
    now: list[float] | None = None,
    **options: Any,
) -> Lease:
    clock = (lambda: now[0]) if now is not None else (lambda: 0.0)
    return Lease(visibility, "r1", seconds, clock=clock, **options)  # type: ignore[arg-type]  # fractions keep the test short


def test_a_lease_is_extended_again_and_again_and_never_after_its_end() -> None:
    visibility = Visibility()
    with kept(make_lease(visibility)) as lease:
        wait_until(lambda: len(visibility.extended) >= 3)
        lease.end()
        extended = len(visibility.extended)
        wait_until(lambda: not vars(lease)["_thread"].is_alive())
    assert len(visibility.extended) == extended
    assert set(visibility.extended) == {VISIBILITY}
    assert visibility.handles == {"r1"}


@pytest.mark.parametrize(("receive_count", "is_last"), [(2, False), (3, True), (4, True)])
def test_a_message_becomes_a_dead_letter_after_as_many_receives_as_the_queue_allows(
    receive_count: int, is_last: bool
) -> None:
    assert LeaseTerms(60, 3).is_last_receive(make_message("", receive_count)) is is_last


def test_the_thread_of_a_lease_has_its_name() -> None:
    assert vars(make_lease(Visibility()))["_thread"].name == "lease"


def test_a_lost_receipt_handle_ends_the_extensions() -> None:
    visibility = Visibility(failure=ReceiptLostError("ReceiptHandleIsInvalid"))
    with kept(make_lease(visibility)) as lease:
        wait_until(lambda: not vars(lease)["_thread"].is_alive())
        assert not lease.is_held()
    assert visibility.tried == 1


def test_a_transient_failure_is_retried_without_losing_the_lease() -> None:
    visibility = Visibility(failure=QueueError("ServiceUnavailable"))
    with kept(make_lease(visibility)) as lease:
        wait_until(lambda: visibility.tried >= 2)
        visibility.failure = None
        wait_until(lambda: visibility.extended)
        assert lease.is_held()


def test_a_process_that_was_frozen_has_lost_its_lease_even_if_the_queue_would_extend_it() -> None:
    now, visibility = [0.0], Visibility()
    lease = make_lease(visibility, 60, now)
    now[0] = 59.0
    assert lease.is_held()
    now[0] = 61.0
    assert not lease.current
    assert not lease.is_held()
    assert lease.lost
    assert visibility.tried == 0, "the clock says enough"
    now[0] = 30.0
    assert not lease.is_held()


def test_a_lease_ends_with_the_life_of_its_job() -> None:
    now, visibility = [0.0], Visibility()
    overdue: list[bool] = []
    options: dict[str, Any] = {"life_seconds": 900, "on_overdue": lambda: overdue.append(True)}
    with kept(make_lease(visibility, now=now, **options)) as lease:
        wait_until(lambda: visibility.extended)
        assert overdue == []
        now[0] = 900.0
        wait_until(lambda: overdue)
        extended = len(visibility.extended)
        assert not lease.wait_for_end(VISIBILITY)
    assert lease.wait_for_end(0)
    assert len(visibility.extended) == extended
    assert overdue == [True]


def test_a_job_that_ends_in_time_is_not_overdue() -> None:
    overdue: list[bool] = []
    with kept(
        make_lease(Visibility(), life_seconds=900, on_overdue=lambda: overdue.append(True))
    ) as lease:
        lease.end()
        wait_until(lambda: not vars(lease)["_thread"].is_alive())
    assert overdue == []


def test_a_lease_that_runs_out_while_the_queue_does_not_answer_is_known_to_be_lost() -> None:
    now, visibility = [0.0], Visibility(failure=QueueError("ConnectTimeoutError"))
    with kept(make_lease(visibility, now=now)) as lease:
        wait_until(lambda: visibility.tried)
        assert not lease.lost
        now[0] = 1.0
        wait_until(lambda: lease.lost)


def test_every_extension_prolongs_the_lease_by_the_visibility() -> None:
    visibility = Visibility()
    simulated = SimulatedLease(visibility, life_seconds=130)
    simulated.run()
    assert simulated.pauses == [20.0] * 6 + [10.0]
    assert len(visibility.extended) == 6, "at 20, 40, ... 120 s"
    assert simulated.overdue == [130.0]
    assert not simulated.lease.lost
    simulated.now = 179.9
    assert simulated.lease.current
    simulated.now = 180.0
    assert not simulated.lease.current


def test_the_last_pause_of_a_lease_ends_with_the_life_of_its_job() -> None:
    simulated = SimulatedLease(Visibility(), life_seconds=40.25)
    simulated.run()
    assert simulated.pauses == [20.0, 20.0, 0.25]
    assert simulated.overdue == [40.25]


def test_a_lease_is_lost_at_the_moment_at_which_it_ends() -> None:
    now = [0.0]
    lease = make_lease(Visibility(), 60, now)
    now[0] = 60.0
    assert not lease.is_held()
    assert lease.lost


def test_an_extension_counts_from_when_it_was_asked_for() -> None:
    visibility = Visibility()
    simulated = SimulatedLease(visibility, pauses=2)

    def answer_late() -> None:
        simulated.now += 15

    visibility.during = answer_late
    simulated.run()  # asked for at 20 s, answered at 35 s
    assert len(visibility.extended) == 1
    simulated.now = 79.9
    assert simulated.lease.current
    simulated.now = 80.0
    assert not simulated.lease.current


@pytest.mark.parametrize(
    "error", [QueueError("ServiceUnavailable"), RuntimeError("a defect of the client")], ids=str
)
def test_a_failed_extension_is_tried_again_four_times_as_soon_until_one_succeeds(
    error: Exception,
) -> None:
    visibility = Visibility()
    simulated = SimulatedLease(visibility, pauses=6)

    def fail_twice() -> None:
        down = visibility.tried in (2, 3)
        visibility.failure = error if down else None

    visibility.during = fail_twice
    simulated.run()
    assert simulated.pauses == [20.0, 20.0, 5.0, 5.0, 20.0, 20.0]


def test_a_job_that_hangs_after_its_lease_was_lost_is_overdue_at_the_end_of_its_life() -> None:
    visibility = Visibility(failure=ReceiptLostError("ReceiptHandleIsInvalid"))
    simulated = SimulatedLease(visibility, life_seconds=900)
    simulated.run()
    assert simulated.lease.lost
    assert simulated.pauses == [20.0, 880.0]
    assert simulated.overdue == [900.0]
    assert visibility.tried == 1


def test_a_lease_that_ends_when_an_extension_is_due_is_not_extended() -> None:
    visibility, reads = Visibility(), 0

    def end_after_the_pause() -> float:
        nonlocal reads
        reads += 1
        if reads == 4:  # two by the constructor, one before the pause and one after it
            lease.end()
        return 0.0

    lease = Lease(visibility, "r1", VISIBILITY, clock=end_after_the_pause)  # type: ignore[arg-type]  # fractions keep the test short
    lease.start()
    vars(lease)["_thread"].join(60)
    assert lease.wait_for_end(0)
    assert visibility.tried == 0


def test_the_end_of_a_lease_waits_for_an_extension_that_is_under_way() -> None:
    visibility, gate = Visibility(), Gate()
    visibility.during = gate
    lease = make_lease(visibility)
    lease.start()
    assert gate.reached.wait(60)
    ending = threading.Thread(target=lease.end)
    ending.start()
    assert lease.wait_for_end(60)
    ending.join(0.1)
    assert ending.is_alive()
    assert visibility.extended == []
    gate.open()
    ending.join(60)
    assert not ending.is_alive()
    assert visibility.extended == [VISIBILITY]


@pytest.mark.parametrize(
    ("failure", "confirmed", "held"),
    [
        (None, True, 60.0),
        (QueueError("InternalError"), True, 10.0),
        (ReceiptLostError("ReceiptHandleIsInvalid"), False, -1.0),
    ],
    ids=["agrees", "does not answer", "refuses"],
)
def test_a_lease_is_confirmed_unless_the_queue_refuses_to_extend_it(
    failure: Exception | None, confirmed: bool, held: float
) -> None:
    queue = Visibility(failure=failure)
    simulated = SimulatedLease(queue)
    simulated.now = 50.0
    assert simulated.lease.is_confirmed() is confirmed
    assert queue.tried == 1
    assert simulated.lease.lost is not confirmed
    simulated.now += held
    assert not simulated.lease.current
    simulated.now -= 0.1
    assert simulated.lease.current is confirmed


def test_a_lease_that_has_expired_is_not_confirmed_whatever_the_queue_says() -> None:
    queue = Visibility()
    simulated = SimulatedLease(queue)
    simulated.now = 60.0
    assert not simulated.lease.is_confirmed()
    assert queue.tried == 0


def test_a_lease_whose_message_was_received_again_is_lost() -> None:
    simulated = SimulatedLease(Visibility())
    simulated.lease.supersede()
    assert simulated.lease.lost
    assert not simulated.lease.is_held()
