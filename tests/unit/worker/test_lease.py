"""The lease: extended while a job is held, never after its end, and known to be lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from discord_diffusion.aws.errors import QueueError, ReceiptLostError
from discord_diffusion.worker.lease import Lease
from tests.unit.worker.fakes import wait_until

VISIBILITY = 0.09  # the thread's pauses are thirds of it


@dataclass
class Visibility:
    """A queue that keeps the extensions, or raises `failure`."""

    extended: list[float] = field(default_factory=list)
    failure: QueueError | None = None
    tried: int = 0

    def extend(self, _receipt_handle: str, seconds: float) -> None:
        self.tried += 1
        if self.failure:
            raise self.failure
        self.extended.append(seconds)


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
