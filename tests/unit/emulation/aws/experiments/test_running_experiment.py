"""A running experiment: actions begin after each other, end in time, and are undone."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ecs_fleet_emulator.clock.advance import Advancer
from ecs_fleet_emulator.clock.moved_clock import Clock
from ecs_fleet_emulator.clock.timers import Timers
from ecs_fleet_emulator.errors import ExperimentError
from ecs_fleet_emulator.experiments import durations
from ecs_fleet_emulator.experiments.experiment import Begun, Experiment, State

ALARM = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:busy"


class MovedClock(Clock):
    """A clock that does not move the wall clock of the test's own process."""

    def move(self, seconds: float) -> None:
        self.moved += seconds

    def check_can_move(self) -> None:
        """It can."""


class World:
    """Notes what is begun and undone, by the ids of actions."""

    speed = 1.0

    def __init__(self, clock: Clock) -> None:
        self.clock, self.began = clock, clock.monotonic()
        self.notes: list[str] = []
        self.present = ["one", "two"]
        self.alarming = False
        self.changes = 0

    def resolve(self, _target: Mapping[str, Any]) -> list[str]:
        return self.present

    def begin(self, action: Mapping[str, Any], resources: Sequence[str]) -> Begun:
        name = action["actionId"]
        self.note(f"{name} {' '.join(resources)}".strip())
        if name == "fails":
            raise ExperimentError("there is no such thing")
        duration = action.get("parameters", {}).get("duration")
        if duration is None:
            return Begun()
        return Begun(durations.seconds(duration, "duration"), lambda: self.note(f"no {name}"))

    def is_alarming(self, alarm_arn: str) -> bool:
        assert alarm_arn == ALARM
        return self.alarming

    def note_change(self) -> None:
        self.changes += 1

    def note(self, text: str) -> None:
        minutes = round((self.clock.monotonic() - self.began) / 60)
        self.notes.append(f"{minutes}: {text}")


def action(name: str, duration: str = "", *after: str, target: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"actionId": name, "startAfter": list(after)}
    if duration:
        made["parameters"] = {"duration": duration}
    if target:
        made["targets"] = {"Tasks": target}
    return made


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def world(clock: MovedClock) -> World:
    return World(clock)


@pytest.fixture
def advancer(clock: MovedClock) -> Advancer:
    return Advancer(clock, {"experiments": Timers("experiments", clock)})


def started(
    world: World, advancer: Advancer, *, skips_all: bool = False, **template: Any
) -> Experiment:
    timers: Any = advancer.sources["experiments"]
    template = {"stopConditions": [{"source": "none"}], **template}
    experiment = Experiment("EXP1", template, world, timers, skips_all=skips_all)
    experiment.start()
    return experiment


def states(experiment: Experiment) -> dict[str, str]:
    return {name: str(one.state) for name, one in experiment.actions.items()}


def test_actions_begin_after_each_other_and_end_in_time(world: World, advancer: Advancer) -> None:
    experiment = started(
        world,
        advancer,
        targets={"tasks": {}},
        actions={
            "second": action("drain", "PT10M", "first"),
            "first": action("throttle", "PT5M", target="tasks"),
            "beside": action("stop"),
        },
    )
    assert experiment.state is State.RUNNING
    assert states(experiment) == {"second": "pending", "first": "running", "beside": "completed"}
    advancer.advance(30 * 60)
    assert world.notes == [
        "0: throttle one two",
        "0: stop",
        "5: no throttle",
        "5: drain",
        "15: no drain",
    ]
    assert experiment.state is State.COMPLETED
    assert set(states(experiment).values()) == {"completed"}
    assert experiment.ended is not None
    assert world.changes == 2, "a start and an end"


def test_a_stopped_experiment_is_undone_at_once(world: World, advancer: Advancer) -> None:
    experiment = started(
        world,
        advancer,
        actions={"first": action("throttle", "PT5M"), "second": action("drain", "PT5M", "first")},
    )
    advancer.advance(60)
    experiment.stop()
    advancer.advance(30 * 60)
    assert world.notes == ["0: throttle", "1: no throttle"]
    assert experiment.state is State.STOPPED
    assert states(experiment) == {"first": "stopped", "second": "cancelled"}


def test_an_alarm_stops_an_experiment(world: World, advancer: Advancer) -> None:
    experiment = started(
        world,
        advancer,
        stopConditions=[{"source": "aws:cloudwatch:alarm", "value": ALARM}],
        actions={"throttle": action("throttle", "PT5M")},
    )
    advancer.advance(60)
    assert experiment.state is State.RUNNING
    world.alarming = True
    advancer.advance(30)
    assert experiment.state is State.STOPPED
    assert ALARM in experiment.reason
    assert world.notes[-1] == "1: no throttle"


def test_an_action_that_fails_ends_the_experiment_and_the_others(
    world: World, advancer: Advancer
) -> None:
    experiment = started(
        world,
        advancer,
        actions={
            "throttle": action("throttle", "PT5M"),
            "fails": action("fails"),
            "later": action("drain", "PT5M", "fails"),
        },
    )
    assert experiment.state is State.FAILED
    assert "there is no such thing" in experiment.reason
    assert states(experiment) == {"throttle": "stopped", "fails": "failed", "later": "cancelled"}
    assert world.notes[-1] == "0: no throttle"


@pytest.mark.parametrize(
    ("mode", "state", "of_action"),
    [("fail", State.FAILED, "cancelled"), ("skip", State.COMPLETED, "skipped")],
)
def test_a_target_without_resources_fails_or_is_skipped(
    world: World, advancer: Advancer, mode: str, state: State, of_action: str
) -> None:
    world.present = []
    experiment = started(
        world,
        advancer,
        targets={"tasks": {}},
        experimentOptions={"emptyTargetResolutionMode": mode},
        actions={"stop": action("stop", target="tasks")},
    )
    assert (experiment.state, states(experiment)) == (state, {"stop": of_action})
    assert world.notes == []


def test_all_actions_can_be_skipped_to_see_the_targets(world: World, advancer: Advancer) -> None:
    experiment = started(
        world,
        advancer,
        skips_all=True,
        targets={"tasks": {}},
        actions={"stop": action("stop", target="tasks")},
    )
    assert experiment.resolved == {"tasks": ["one", "two"]}
    assert (experiment.state, states(experiment)) == (State.COMPLETED, {"stop": "skipped"})
    assert world.notes == []


@pytest.mark.parametrize("kind", [ExperimentError, RuntimeError])
def test_a_target_that_cannot_be_resolved_fails_the_experiment_with_the_reason(
    world: World, advancer: Advancer, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def refuse(_target: Mapping[str, Any]) -> list[str]:
        raise kind("ClusterNotFoundException")

    monkeypatch.setattr(world, "resolve", refuse)
    experiment = started(
        world,
        advancer,
        targets={"tasks": {}},
        actions={"stop": action("stop", target="tasks")},
    )
    assert (experiment.state, states(experiment)) == (State.FAILED, {"stop": "cancelled"})
    assert "ClusterNotFoundException" in experiment.reason
