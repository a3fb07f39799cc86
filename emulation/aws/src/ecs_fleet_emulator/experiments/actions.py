"""Carries out the actions of experiments on the emulated account."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to

from ecs_fleet_emulator.errors import ExperimentError
from ecs_fleet_emulator.fleet.agent import FleetAgent

from . import durations, invocation_faults, known_actions
from .api_faults import ApiFault, ApiFaults
from .experiment import Begun
from .invocation_faults import InvocationFault
from .targets import Targets

_NOTICE_SECONDS = 120.0
"""From the notice of a Spot interruption to its end."""
_STOPPED_BY = "Stopped by an experiment of AWS FIS."

Parameters = Mapping[str, str]


class Actions:
    """The world of the experiments of one account and region (`experiment.World`).

    `seed` decides which resources are selected and which calls are struck.
    """

    def __init__(
        self, agent: FleetAgent, owner: tuple[str, str], api_faults: ApiFaults, seed: str
    ) -> None:
        self._agent, self._owner = agent, owner
        self._api_faults, self._seed = api_faults, seed
        self._clients: Any = connect_to(aws_access_key_id=owner[0], region_name=owner[1])
        self._rng = random.Random(seed)  # noqa: S311  # not a secret
        self._targets = Targets(*owner, self._clients, self._rng)
        self.speed = agent.settings(*owner).alarm_speed

    def resolve(self, target: Mapping[str, Any]) -> list[str]:
        """The ARNs of the resources that a target stands for now.

        Raises:
            ExperimentError: a cluster or a service that it names is not there.
        """
        try:
            return self._targets.resolve(target)
        except ClientError as error:
            raise ExperimentError(str(error)) from error

    def begin(self, action: Mapping[str, Any], resources: Sequence[str]) -> Begun:
        """Begin an action on resources.

        Raises:
            ExperimentError: it cannot be done.
        """
        kind, given = action["actionId"], action.get("parameters") or {}
        if known_actions.ROLE in known_actions.ACTIONS[kind].targets.values():
            return self._begin_api_fault(kind, resources, given)
        if kind in (known_actions.ADD_DELAY, known_actions.INVOCATION_ERROR):
            return self._begin_invocation_fault(kind, resources, given)
        return _BEGINNERS[kind](self, resources, given)

    def is_alarming(self, alarm_arn: str) -> bool:
        """Whether an alarm is in the state ALARM."""
        name = alarm_arn.split(":alarm:")[-1]
        found = self._clients.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return any(one["StateValue"] == "ALARM" for one in found)

    def note_change(self) -> None:
        """An experiment has begun or ended."""
        self._agent.experiment_changes += 1

    def _begin_api_fault(self, kind: str, roles: Sequence[str], given: Parameters) -> Begun:
        fault = ApiFault.of(kind, list(roles), given, f"{self._seed}{kind}{sorted(given.items())}")
        self._api_faults.add(fault)
        return Begun(
            _duration(given), lambda: self._api_faults.remove(fault), lambda: fault.hits.total()
        )

    def _begin_invocation_fault(
        self, kind: str, functions: Sequence[str], given: Parameters
    ) -> Begun:
        fault = InvocationFault.of(kind, list(functions), given, self._seed + kind)
        invocation_faults.FAULTS.add(fault)
        return Begun(
            _duration(given), lambda: invocation_faults.FAULTS.remove(fault), lambda: fault.hits
        )

    def _wait(self, _resources: Sequence[str], given: Parameters) -> Begun:
        return Begun(_duration(given))

    def _interrupt(self, instances: Sequence[str], given: Parameters) -> Begun:
        text = given["durationBeforeInterruption"]
        before = durations.seconds(text, "durationBeforeInterruption", 0)
        with self._agent.region(*self._owner) as region:
            for arn in instances:
                key = region.instance_key(_id_of(arn))
                notice_after = before - _NOTICE_SECONDS
                if key is None or not region.simulation.interrupt(key, region.now, notice_after):
                    raise ExperimentError(f"{arn} is no active Spot instance of a group")
        return Begun()

    def _stop_instances(self, instances: Sequence[str], given: Parameters) -> Begun:
        ids = [_id_of(arn) for arn in instances]
        self._clients.ec2.stop_instances(InstanceIds=ids)
        self._agent.wake()
        after = given.get("startInstancesAfterDuration")
        if after is None:
            return Begun()

        def start_again() -> None:
            found = self._clients.ec2.describe_instances(InstanceIds=ids)["Reservations"]
            stopped = [
                one["InstanceId"]
                for reservation in found
                for one in reservation["Instances"]
                if one["State"]["Name"] == "stopped"
            ]
            if stopped:
                self._clients.ec2.start_instances(InstanceIds=stopped)

        return Begun(durations.seconds(after, "startInstancesAfterDuration"), start_again)

    def _terminate_instances(self, instances: Sequence[str], _given: Parameters) -> Begun:
        ids = [_id_of(arn) for arn in instances]
        self._clients.ec2.terminate_instances(InstanceIds=ids)
        self._agent.wake()
        return Begun()

    def _stop_tasks(self, tasks: Sequence[str], _given: Parameters) -> Begun:
        for arn in tasks:
            cluster = arn.split(":task/")[-1].split("/")[0]
            self._clients.ecs.stop_task(cluster=cluster, task=arn, reason=_STOPPED_BY)
        return Begun()

    def _drain(self, clusters: Sequence[str], given: Parameters) -> Begun:
        percentage = int(given["drainagePercentage"])
        drained: dict[str, list[str]] = {}
        for cluster in clusters:
            arns = sorted(self._instances_of(cluster, status="ACTIVE"))
            chosen = self._rng.sample(arns, math.ceil(len(arns) * percentage / 100))
            self._set_state(cluster, chosen, "DRAINING")
            drained[cluster] = chosen

        def end() -> None:
            for cluster, chosen in drained.items():
                present = self._instances_of(cluster)
                kept = [one for one in chosen if one in present]
                self._set_state(cluster, kept, "ACTIVE")

        return Begun(_duration(given), end)

    def _instances_of(self, cluster: str, **wanted: str) -> list[str]:
        """The ARNs of a cluster's container instances."""
        lister = self._clients.ecs.get_paginator("list_container_instances")
        pages = lister.paginate(cluster=cluster, **wanted)
        return [arn for page in pages for arn in page["containerInstanceArns"]]

    def _set_state(self, cluster: str, instances: list[str], status: str) -> None:
        if instances:
            self._clients.ecs.update_container_instances_state(
                cluster=cluster, containerInstances=instances, status=status
            )


_Beginner = Callable[[Actions, Sequence[str], Parameters], Begun]
_BEGINNERS: dict[str, _Beginner] = {
    known_actions.WAIT: Actions._wait,
    known_actions.INTERRUPT: Actions._interrupt,
    known_actions.STOP_INSTANCES: Actions._stop_instances,
    known_actions.TERMINATE_INSTANCES: Actions._terminate_instances,
    known_actions.STOP_TASK: Actions._stop_tasks,
    known_actions.DRAIN: Actions._drain,
}


def _duration(given: Parameters) -> float:
    return durations.seconds(given["duration"], "duration")


def _id_of(instance_arn: str) -> str:
    return instance_arn.rpartition("/")[2]
