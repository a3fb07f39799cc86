"""Each interaction is handed over once, and not after Discord has given up waiting."""

from emulation.rig.live.deliveries import Deliveries

EPOCH_MS = 1_420_070_400_000


class Clock:
    """A clock that a test moves; it is 1,000 s ahead of Discord's."""

    def __init__(self) -> None:
        self.discord = 1_700_000_000.0

    def __call__(self) -> float:
        return self.discord + 1000

    def interaction(self, seconds_ago: float = 0.0, number: int = 0) -> str:
        """The id of an interaction that was made so long ago, by Discord's clock."""
        milliseconds = round((self.discord - seconds_ago) * 1000) - EPOCH_MS
        return str((milliseconds << 22) + number)


def test_an_interaction_that_comes_again_is_refused() -> None:
    clock = Clock()
    deliveries = Deliveries(3, clock)
    first, second = clock.interaction(number=1), clock.interaction(number=2)
    assert deliveries.refusal(first) is None
    assert deliveries.refusal(second) is None
    assert deliveries.refusal(first) == "it came before"


def test_an_interaction_that_was_sent_while_the_connection_was_lost_is_refused_when_too_late() -> (
    None
):
    clock = Clock()
    deliveries = Deliveries(3, clock)
    assert deliveries.refusal(clock.interaction()) is None
    assert deliveries.refusal(clock.interaction(seconds_ago=2.9)) is None
    late = deliveries.refusal(clock.interaction(seconds_ago=10))
    assert late is not None
    assert late.startswith("it came 10.0 s late")


def test_a_clock_that_drifts_for_days_makes_nothing_late() -> None:
    clock = Clock()
    deliveries = Deliveries(3, lambda: clock() * 1.0001)
    for number in range(3 * 24):
        assert deliveries.refusal(clock.interaction(number=number)) is None
        clock.discord += 3600
    assert deliveries.refusal(clock.interaction(seconds_ago=10)) is not None


def test_clocks_that_differ_make_nothing_late() -> None:
    clock = Clock()
    deliveries = Deliveries(3, clock)
    for number in range(5):
        assert deliveries.refusal(clock.interaction(seconds_ago=0.2, number=number)) is None
        clock.discord += 60
