"""The retry policy: how often and how long a call to Discord is repeated."""

from dataclasses import dataclass, field

import pytest

from discord_diffusion.discord.errors import (
    ApiError,
    ConnectionFailedError,
    InteractionGoneError,
    NotAnsweredYetError,
    RateLimitedError,
    RequestRefusedError,
    RequestTooLargeError,
    UnavailableError,
)
from discord_diffusion.worker.retries import Retrier, RetryPolicy, backoff

DOWN = UnavailableError(503, None, "down")
EARLY = NotAnsweredYetError(404, 10015, "Unknown Webhook")


@dataclass
class SleepClock:
    """A clock that moves only by sleeping."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)
    jitter: float = 1.0
    """Where between its bounds each random number lies, from 0 to 1."""

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def retrier(self) -> Retrier:
        return Retrier(RetryPolicy(), self.sleep, lambda: self.now, self.uniform)

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.jitter


@dataclass
class Calls:
    """A call that fails with each error once, or every time with the first."""

    errors: list[ApiError]
    always: bool = False
    count: int = 0

    def __call__(self) -> str:
        self.count += 1
        if not self.errors:
            return "done"
        raise self.errors[0] if self.always else self.errors.pop(0)


def test_a_call_that_succeeds_is_made_once() -> None:
    calls = Calls([])
    assert SleepClock().retrier().call(calls, 100) == "done"
    assert calls.count == 1


def test_a_transient_error_is_retried_after_growing_pauses() -> None:
    clock = SleepClock()
    errors: list[ApiError] = [DOWN, ConnectionFailedError("ReadError"), DOWN]
    assert clock.retrier().call(Calls(errors), 100) == "done"
    assert clock.pauses == [0.5, 1.0, 2.0]


def test_a_pause_is_never_shorter_than_half_of_the_longest() -> None:
    clock = SleepClock(jitter=0.0)
    assert clock.retrier().call(Calls([DOWN, DOWN, DOWN]), 100) == "done"
    assert clock.pauses == [0.25, 0.5, 1.0]


def test_a_transient_error_that_stays_is_raised_after_seven_calls() -> None:
    clock, calls = SleepClock(), Calls([DOWN], always=True)
    with pytest.raises(UnavailableError):
        clock.retrier().call(calls, 1000)
    assert calls.count == 7
    assert clock.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 2.5), (1.0, 2.6)])
def test_a_rate_limit_is_waited_for_as_long_as_discord_says(jitter: float, pause: float) -> None:
    clock = SleepClock(jitter=jitter)
    limit = RateLimitedError(429, None, "slow down", 2.5)
    assert clock.retrier().call(Calls([limit, limit]), 100) == "done"
    assert clock.pauses == [pytest.approx(pause)] * 2


def test_rate_limits_are_waited_for_60_seconds_in_all() -> None:
    clock, calls = SleepClock(), Calls([RateLimitedError(429, None, "", 25.0)], always=True)
    with pytest.raises(RateLimitedError):
        clock.retrier().call(calls, 1000)
    assert clock.pauses == [pytest.approx(25.1)] * 2
    assert calls.count == 3


@pytest.mark.parametrize(("retry_after", "pauses"), [(60.0, [60.0]), (60.1, [])])
def test_a_rate_limit_of_more_than_60_seconds_is_not_waited_for(
    retry_after: float, pauses: list[float]
) -> None:
    clock = SleepClock(jitter=0.0)
    with pytest.raises(RateLimitedError):
        clock.retrier().call(Calls([RateLimitedError(429, None, "", retry_after)], True), 1000)
    assert clock.pauses == pauses


def test_rate_limits_do_not_count_among_the_seven_calls() -> None:
    clock = SleepClock()
    limit = RateLimitedError(429, None, "slow down", 1.0)
    assert clock.retrier().call(Calls([limit, DOWN] * 6), 1000) == "done"


def test_an_early_edit_waits_about_ten_seconds_for_the_first_answer() -> None:
    clock = SleepClock()
    assert clock.retrier().call(Calls([EARLY] * 4), 100) == "done"
    late, calls = SleepClock(), Calls([EARLY], always=True)
    with pytest.raises(NotAnsweredYetError):
        late.retrier().call(calls, 100)
    assert late.pauses == [0.5] * 20
    assert calls.count == 21


def test_an_early_edit_is_retried_though_the_process_was_frozen_meanwhile() -> None:
    clock = SleepClock()
    thaws = iter([20.0])

    class Frozen(Calls):
        def __call__(self) -> str:
            clock.now += next(thaws, 0.0)
            return super().__call__()

    assert clock.retrier().call(Frozen([EARLY] * 3), 100) == "done"


@pytest.mark.parametrize(
    "error",
    [
        InteractionGoneError(401, 50027, "Invalid Webhook Token"),
        RequestTooLargeError(413, 40005, "too large"),
        RequestRefusedError(400, 50035, "Invalid Form Body"),
    ],
)
def test_an_error_that_is_not_transient_is_raised_at_once(error: ApiError) -> None:
    calls = Calls([error], always=True)
    with pytest.raises(type(error)):
        SleepClock().retrier().call(calls, 100)
    assert calls.count == 1


def test_no_call_is_made_after_the_time_to_give_up() -> None:
    clock = SleepClock()
    with pytest.raises(UnavailableError):
        clock.retrier().call(Calls([DOWN], always=True), 3.0)
    assert clock.pauses == [0.5, 1.0]


def test_an_early_edit_is_made_five_times_however_late_it_is() -> None:
    clock = SleepClock(now=50.0)

    class Slow(Calls):
        def __call__(self) -> str:
            clock.now += 20.0
            return super().__call__()

    calls = Slow([EARLY], always=True)
    with pytest.raises(NotAnsweredYetError):
        clock.retrier().call(calls, 1000)
    assert calls.count == 5


def test_the_ten_seconds_of_an_early_edit_count_from_the_first_call() -> None:
    clock, calls = SleepClock(now=50.0), Calls([EARLY], always=True)
    with pytest.raises(NotAnsweredYetError):
        clock.retrier().call(calls, 1000)
    assert calls.count == 21


@pytest.mark.parametrize("error", [DOWN, EARLY, RateLimitedError(429, None, "", 0.4)])
def test_the_last_error_is_raised_when_the_next_call_would_be_at_the_time_to_give_up(
    error: ApiError,
) -> None:
    clock, calls = SleepClock(), Calls([error], always=True)
    with pytest.raises(type(error)) as raised:
        clock.retrier().call(calls, 0.5)
    assert raised.value is error
    assert clock.pauses == []


@pytest.mark.parametrize(
    ("failures", "longest", "pauses"),
    [(1, 1e9, (0.5, 1.0)), (11, 1e9, (512.0, 1024.0)), (99, 1e9, (512.0, 1024.0)), (9, 8, (4, 8))],
)
def test_pauses_double_ten_times(
    failures: int, longest: float, pauses: tuple[float, float]
) -> None:
    assert backoff(failures, 1.0, longest) == pauses
