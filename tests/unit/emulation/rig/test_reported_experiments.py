"""The wishes of the operations page's users become experiments, and are shown there."""

from collections.abc import Mapping
from typing import Any

import pytest

from emulation.rig.errors import ControlError
from emulation.rig.experiments import NAMED, Experiments, Running, call_actions
from emulation.rig.reported_experiments import ReportedExperiments
from emulation.rig.state import StackState

STATE = StackState(
    target="host",
    region="us-east-1",
    function_names={"interactions": "bot-interactions", "waiting": "bot-waiting"},
    ecs_cluster_name="bot",
    ecs_service_name="bot-worker",
    auto_scaling_group_name="bot-group",
)


class StandIn:
    """Has wishes, and keeps what is reported."""

    def __init__(self) -> None:
        self.wishes: list[dict[str, str]] = []
        self.reports: list[Mapping[str, Any]] = []

    def take_wishes(self) -> list[dict[str, str]]:
        taken, self.wishes = self.wishes, []
        return taken

    def set_experiments(self, report: Mapping[str, Any]) -> None:
        self.reports.append(report)


class Fis:
    """Notes what is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.found: list[Running] = []

    def start_named(self, name: str) -> str:
        if name == "unknown":
            raise ControlError("There is no such experiment")
        self.asked.append(f"start {name}")
        self.found = [Running("EXP1", name, "running", "Action is running.")]
        return "EXP1"

    def stop(self, experiment_id: str) -> None:
        self.asked.append(f"stop {experiment_id}")

    def all(self) -> list[Running]:
        self.asked.append("all")
        return list(self.found)


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn()


@pytest.fixture
def fis() -> Fis:
    return Fis()


@pytest.fixture
def reported(stand_in: StandIn, fis: Fis) -> ReportedExperiments:
    parts: tuple[Any, Any] = (stand_in, fis)
    return ReportedExperiments(*parts)


def test_a_stack_without_experiments_says_once_what_can_be_started_and_asks_nothing(
    reported: ReportedExperiments, stand_in: StandIn, fis: Fis
) -> None:
    for _ in range(3):
        reported.report()
    [report] = stand_in.reports
    assert [one["name"] for one in report["known"]] == [one.name for one in NAMED]
    assert fis.asked == []


def test_a_wish_is_fulfilled_and_what_runs_is_followed(
    reported: ReportedExperiments, stand_in: StandIn, fis: Fis
) -> None:
    reported.report()
    stand_in.wishes = [{"start": "throttled-calls", "stop": ""}]
    reported.report()
    assert fis.asked == ["start throttled-calls", "all"]
    assert [one["id"] for one in stand_in.reports[-1]["experiments"]] == ["EXP1"]
    reported.report()
    assert len(stand_in.reports) == 3, "it runs, so that its numbers change"
    stand_in.wishes = [{"start": "", "stop": "EXP1"}]
    fis.found = [Running("EXP1", "throttled-calls", "stopped", "Halted by user.")]
    reported.report()
    assert "stop EXP1" in fis.asked
    reported.report()
    assert len(stand_in.reports) == 4, "nothing runs any more"


def test_why_a_wish_was_not_fulfilled_is_shown(
    reported: ReportedExperiments, stand_in: StandIn
) -> None:
    stand_in.wishes = [{"start": "unknown", "stop": ""}]
    reported.report()
    assert stand_in.reports[-1]["error"] == "There is no such experiment"


def test_an_experiment_that_others_started_is_shown(
    reported: ReportedExperiments, stand_in: StandIn, fis: Fis
) -> None:
    reported.report()
    fis.found = [Running("EXP2", "chaos", "running", "")]
    reported.started = 1
    reported.report()
    assert stand_in.reports[-1]["experiments"][0]["title"] == "chaos"


@pytest.mark.parametrize("name", [one.name for one in NAMED])
def test_every_named_experiment_is_one_that_the_emulator_takes(name: str) -> None:
    from ecs_fleet_emulator.experiments import templates

    targets, actions = Experiments(STATE)._template(name)
    conditions = [{"source": "none"}]
    templates.check({"targets": targets, "actions": actions, "stopConditions": conditions})


def test_calls_are_struck_by_the_roles_of_functions_and_workers() -> None:
    from ecs_fleet_emulator.experiments import templates

    target = Experiments(STATE).callers(["waiting"])
    assert target["resourceArns"] == [
        "arn:aws:iam::000000000000:role/bot-waiting",
        "arn:aws:iam::000000000000:role/bot-task",
    ]
    actions = call_actions({"emulator:inject-api-delay": 2}, "PT1H")
    assert set(actions) == {
        f"inject-api-delay-{one}" for one in ("dynamodb", "sqs", "stepfunctions")
    }
    conditions = [{"source": "none"}]
    templates.check(
        {"targets": {"target": target}, "actions": actions, "stopConditions": conditions}
    )


def test_an_unknown_experiment_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ControlError, match="throttled-calls"):
        Experiments(STATE).start_named("nothing")
