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
from discord_diffusion.worker.retries import Retrier, RetryPolicy

DOWN = UnavailableError(503, None, "down")
EARLY = NotAnsweredYetError(404, 10015, "Unknown Webhook")


@dataclass
class SleepClock:
    """A clock that moves only by sleeping."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def retrier(self) -> Retrier:
        return Retrier(RetryPolicy(), self.sleep, lambda: self.now, lambda _low, high: high)


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


def test_a_transient_error_that_stays_is_raised_after_seven_calls() -> None:
    clock, calls = SleepClock(), Calls([DOWN], always=True)
    with pytest.raises(UnavailableError):
        clock.retrier().call(calls, 1000)
    assert calls.count == 7
    assert max(clock.pauses) == 8.0


def test_a_rate_limit_is_waited_for_as_long_as_discord_says() -> None:
    clock = SleepClock()
    limit = RateLimitedError(429, None, "slow down", 2.5)
    assert clock.retrier().call(Calls([limit, limit]), 100) == "done"
    assert clock.pauses == [pytest.approx(2.6)] * 2


def test_rate_limits_are_waited_for_60_seconds_in_all() -> None:
    clock = SleepClock()
    with pytest.raises(RateLimitedError):
        clock.retrier().call(Calls([RateLimitedError(429, None, "", 25.0)], True), 1000)
    assert sum(clock.pauses) <= 60


def test_an_early_edit_waits_about_ten_seconds_for_the_first_answer() -> None:
    clock = SleepClock()
    assert clock.retrier().call(Calls([EARLY] * 4), 100) == "done"
    late, calls = SleepClock(), Calls([EARLY], always=True)
    with pytest.raises(NotAnsweredYetError):
        late.retrier().call(calls, 100)
    assert 9 <= late.now <= 10


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
    assert clock.now < 3.0
