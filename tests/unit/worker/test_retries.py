"""How long Discord is asked again."""

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
class Patience:
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
    """Fails with each error once, or for ever with the last."""

    errors: list[ApiError]
    for_ever: bool = False
    count: int = 0

    def __call__(self) -> str:
        self.count += 1
        if not self.errors:
            return "done"
        raise self.errors[0] if self.for_ever else self.errors.pop(0)


def test_what_works_is_called_once() -> None:
    calls = Calls([])
    assert Patience().retrier().call(calls, 100) == "done"
    assert calls.count == 1


def test_a_fault_that_passes_is_waited_out_ever_longer() -> None:
    patience = Patience()
    errors: list[ApiError] = [DOWN, ConnectionFailedError("ReadError"), DOWN]
    assert patience.retrier().call(Calls(errors), 100) == "done"
    assert patience.pauses == [0.5, 1.0, 2.0]


def test_a_fault_that_stays_is_given_up() -> None:
    patience, calls = Patience(), Calls([DOWN], for_ever=True)
    with pytest.raises(UnavailableError):
        patience.retrier().call(calls, 1000)
    assert calls.count == 7
    assert max(patience.pauses) == 8.0


def test_a_rate_limit_is_waited_out_as_long_as_discord_says() -> None:
    patience = Patience()
    limit = RateLimitedError(429, None, "slow down", 2.5)
    assert patience.retrier().call(Calls([limit, limit]), 100) == "done"
    assert patience.pauses == [pytest.approx(2.6)] * 2


def test_rate_limits_that_ask_for_too_much_are_given_up() -> None:
    patience = Patience()
    with pytest.raises(RateLimitedError):
        patience.retrier().call(Calls([RateLimitedError(429, None, "", 25.0)], True), 1000)
    assert sum(patience.pauses) <= 60


def test_an_early_edit_waits_about_ten_seconds_for_the_first_answer() -> None:
    patience = Patience()
    assert patience.retrier().call(Calls([EARLY] * 4), 100) == "done"
    late, calls = Patience(), Calls([EARLY], for_ever=True)
    with pytest.raises(NotAnsweredYetError):
        late.retrier().call(calls, 100)
    assert 9 <= late.now <= 10


def test_time_in_which_the_process_was_frozen_is_no_patience() -> None:
    patience = Patience()
    thaws = iter([20.0])

    class Frozen(Calls):
        def __call__(self) -> str:
            patience.now += next(thaws, 0.0)
            return super().__call__()

    assert patience.retrier().call(Frozen([EARLY] * 3), 100) == "done"


@pytest.mark.parametrize(
    "error",
    [
        InteractionGoneError(401, 50027, "Invalid Webhook Token"),
        RequestTooLargeError(413, 40005, "too large"),
        RequestRefusedError(400, 50035, "Invalid Form Body"),
    ],
)
def test_what_cannot_get_better_is_tried_once(error: ApiError) -> None:
    calls = Calls([error], for_ever=True)
    with pytest.raises(type(error)):
        Patience().retrier().call(calls, 100)
    assert calls.count == 1


def test_nobody_waits_past_the_life_of_the_token() -> None:
    patience = Patience()
    with pytest.raises(UnavailableError):
        patience.retrier().call(Calls([DOWN], for_ever=True), 3.0)
    assert patience.now < 3.0
