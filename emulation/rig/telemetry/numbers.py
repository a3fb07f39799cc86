"""The series of the operations page: the queue, the fleet and its alarms, as numbers of now."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from emulation.rig import fleet_report, report
from emulation.rig.errors import RigError
from emulation.rig.fleet_agent import FleetAgent
from emulation.rig.stack.state import StackState

Number = tuple[str, float]

_ALARM_VALUES = {"ALARM": 1.0, "OK": 0.0, "INSUFFICIENT_DATA": -1.0}
_STARTING = ("PROVISIONING", "PENDING")


class Numbers:
    """Reads all numbers of one stack; those that nobody answers are left out."""

    def __init__(self, state: StackState) -> None:
        self._state = state
        self._agent = FleetAgent(state.aws_endpoint)

    def read(self) -> Iterator[Number]:
        """Names of series and their values."""
        for name, depth in vars(report.queue_depths(self._state)).items():
            if depth is not None:
                yield f"queue/{name}", float(depth)
        try:
            yield from of_fleet(self._agent.state(), self._state)
            yield from self._alarms()
        except (RigError, BotoCoreError, ClientError):
            return

    def _alarms(self) -> Iterator[Number]:
        for name, value in fleet_report.alarms(self._state).items():
            yield f"alarm/{name}", _ALARM_VALUES[value]


def of_fleet(fleet: dict[str, Any], state: StackState) -> Iterator[Number]:
    """Tasks and instances, by where they are."""
    service = f"{state.ecs_cluster_name}/{state.ecs_service_name}"
    tasks = Counter(one["status"] for one in fleet["tasks"] if one["service"] == service)
    yield "tasks/desired", float(fleet["desired"]["services"].get(service, 0))
    yield "tasks/starting", float(sum(tasks[status] for status in _STARTING))
    yield "tasks/running", float(tasks["RUNNING"])
    yield "tasks/protected", float(len([one for one in fleet["tasks"] if one["protected"]]))
    instances = Counter(one["phase"] for one in fleet["instances"])
    yield (
        "instances/desired",
        float(fleet["desired"]["groups"].get(state.auto_scaling_group_name, 0)),
    )
    yield "instances/starting", float(instances["Pending"])
    yield "instances/in_service", float(instances["InService"])
    yield "instances/leaving", float(sum(n for name, n in instances.items() if "Termin" in name))
