"""Equal requests, also at the same time, make one template and start one experiment."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ecs_fleet_emulator.clock.timers import Timers
from ecs_fleet_emulator.errors import ExperimentError
from ecs_fleet_emulator.experiments import store as store_module
from ecs_fleet_emulator.experiments.experiment import Experiment, State
from ecs_fleet_emulator.experiments.store import Store

REQUESTS = 8


class Slow:
    """Makes an experiment when all requests have come, or half a second has passed."""

    def __init__(self, requests: int) -> None:
        self._together = threading.Barrier(requests)
        self.made = 0

    def __call__(self) -> Experiment:
        self.made += 1
        with contextlib.suppress(threading.BrokenBarrierError):
            self._together.wait(0.2)
        return experiment(f"EXP{self.made}")


def experiment(name: str, state: State = State.PENDING) -> Experiment:
    actions: Any = None
    made = Experiment(name, {"actions": {}}, actions, Timers("experiments"), tags={})
    made.state = state
    return made


def test_equal_requests_at_once_start_one_experiment() -> None:
    store, make = Store(), Slow(REQUESTS)
    with ThreadPoolExecutor(REQUESTS) as pool:
        answers = list(pool.map(lambda _: store.add_experiment("token", make), range(REQUESTS)))
    assert make.made == 1
    assert {one.id for one, _ in answers} == {"EXP1"}
    assert [is_new for _, is_new in answers].count(True) == 1
    assert list(store.experiments) == ["EXP1"]


def test_another_token_starts_another_experiment() -> None:
    store = Store()
    for name in ("one", "two"):
        assert store.add_experiment(name, lambda name=name: experiment(name))[1]  # type: ignore[misc]
    assert list(store.experiments) == ["one", "two"]


def test_a_request_that_fails_may_be_repeated() -> None:
    store = Store()

    def fails() -> Experiment:
        raise KeyError("no such template")

    with pytest.raises(KeyError):
        store.add_experiment("token", fails)
    assert store.add_experiment("token", lambda: experiment("EXP1"))[1]


def test_the_oldest_experiments_that_have_ended_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_module, "MOST_KEPT", 1)
    store = Store()
    for name, state in (
        ("old", State.COMPLETED),
        ("runs", State.RUNNING),
        ("new", State.FAILED),
    ):
        store.add_experiment(name, lambda name=name, state=state: experiment(name, state))  # type: ignore[misc]
    assert list(store.experiments) == ["runs", "new"]
    assert store.add_experiment("old", lambda: experiment("again"))[1]


def test_equal_requests_make_one_template() -> None:
    store = Store()
    first = store.add_template("token", {"id": "EXT1"})
    assert store.add_template("token", {"id": "EXT2"}) is first
    assert list(store.templates) == ["EXT1"]
    del store.templates["EXT1"]
    assert store.add_template("token", {"id": "EXT3"}) == {"id": "EXT3"}


@pytest.mark.parametrize("token", [None, ""])
def test_requests_without_a_token_are_refused_and_not_taken_for_each_other(
    token: str | None,
) -> None:
    store = Store()
    with pytest.raises(ExperimentError, match="clientToken is needed"):
        store.add_template(token, {"id": "EXT1"})
    with pytest.raises(ExperimentError, match="clientToken is needed"):
        store.add_experiment(token, lambda: experiment("EXP1"))
    assert not store.templates
    assert not store.experiments
