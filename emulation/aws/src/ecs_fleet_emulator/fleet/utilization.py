"""Measures the processes of tasks, and publishes how far services use what they reserved.

AWS publishes both metrics for every service. Here only those get them whose policies track one:
measuring costs processor time.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-metrics.html
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import psutil
from localstack.aws.connect import connect_to

from ecs_fleet_emulator.clock.moved_clock import CLOCK
from ecs_fleet_emulator.simulation.containers import running
from ecs_fleet_emulator.simulation.state import Status, Task

from . import service_scaling

if TYPE_CHECKING:
    from .region import Region

NAMESPACE = "AWS/ECS"
_CPU_UNITS, _MEBIBYTE = 1024, 2**20
_PERIOD = 60.0


class Utilization:
    """What the tasks of one region use; `publish_due` publishes it once in each period."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}
        self._due = 0.0

    def publish_due(self, region: "Region") -> float | None:
        """Publish what is due; the seconds until more is, None if no policy tracks a service."""
        services = _tracked(region)
        if not services:
            self._last.clear()
            return None
        now, period = CLOCK.monotonic(), _PERIOD / region.settings.alarm_speed
        # The time of an emulator that was restored is another one's.
        if not self._due - period <= now < self._due:
            self._due = now + period
            # Processes take real time, however far the clock is moved.
            self._publish(region, services, time.monotonic())
        return self._due - now

    def _publish(self, region: "Region", services: Iterable[str], now: float) -> None:
        measured: dict[str, tuple[float, float]] = {}
        for service in services:
            data = self._data(region, service, now, measured)
            if data:
                client: Any = connect_to(
                    aws_access_key_id=region.account, region_name=region.name
                ).cloudwatch
                client.put_metric_data(Namespace=NAMESPACE, MetricData=data)
        self._last = measured

    def _data(
        self, region: "Region", service: str, now: float, measured: dict[str, tuple[float, float]]
    ) -> list[dict[str, Any]]:
        """The metrics of a service; none before its tasks were measured twice."""
        used_units = reserved_units = used_memory = reserved_memory = 0.0
        for task in region.simulation.state.tasks_of(service, (Status.RUNNING,)):
            found = [usage for pid in _pids(region, task) if (usage := _usage(pid))]
            if not found:
                continue
            seconds = sum(one[0] for one in found)
            resident = sum(one[1] for one in found)
            measured[task.id] = (now, seconds)
            used_memory += resident / _MEBIBYTE
            reserved_memory += task.resources.memory
            if before := self._last.get(task.id):
                elapsed = max(now - before[0], 0.001)
                used_units += _CPU_UNITS * max(seconds - before[1], 0.0) / elapsed
                reserved_units += task.resources.cpu
        cluster, name = service.split("/")
        pairs = {
            "CPUUtilization": (used_units, reserved_units),
            "MemoryUtilization": (used_memory, reserved_memory),
        }
        return [
            {
                "MetricName": metric,
                "Dimensions": [
                    {"Name": "ClusterName", "Value": cluster},
                    {"Name": "ServiceName", "Value": name},
                ],
                "Value": 100 * used / reserved,
                "Unit": "Percent",
            }
            for metric, (used, reserved) in pairs.items()
            if reserved
        ]


def _tracked(region: "Region") -> set[str]:
    """The services, as cluster/name, that a policy scales by one of the metrics."""
    return {
        policy.resource_id.partition("/")[2]
        for policy in list(service_scaling.backend_of(region).policies.values())
        if (policy.target_tracking_scaling_policy_configuration or {}).get(
            "PredefinedMetricSpecification"
        )
    }


def _pids(region: "Region", task: Task) -> list[int]:
    """The processes of a task's containers, as far as they are known."""
    pids = (region.launcher.pid(task.id, container.name) for container in running(task))
    return [pid for pid in pids if pid is not None]


def _usage(pid: int) -> tuple[float, float] | None:
    """Processor seconds and resident bytes of a process and its children; None if it has ended."""
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
        times = root.cpu_times()
        seconds = times.user + times.system + times.children_user + times.children_system
        resident = root.memory_info().rss
        for child in processes[1:]:
            spent = child.cpu_times()
            seconds += spent.user + spent.system
            resident += child.memory_info().rss
    except psutil.Error:
        return None
    return seconds, float(resident)
