"""One account's fleets in one region: the mind, what it sees, and what it does."""

import contextlib
import logging
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from localstack import config as localstack_config
from localstack.aws.connect import connect_to
from moto.autoscaling.models import autoscaling_backends
from moto.ecs.models import ecs_backends

from discord_diffusion_emulator.fleet import moto_instances as instances
from discord_diffusion_emulator.fleet.config import Config
from discord_diffusion_emulator.fleet.moto_reader import read
from discord_diffusion_emulator.fleet.moto_writer import AgentTask, Projection, tell
from discord_diffusion_emulator.services.autoscaling import activities
from discord_diffusion_emulator.simulation import effects
from discord_diffusion_emulator.simulation import managed_scaling as reservation
from discord_diffusion_emulator.simulation.effects import Effect
from discord_diffusion_emulator.simulation.fleet import Fleet, with_asked
from discord_diffusion_emulator.simulation.journal import Journal
from discord_diffusion_emulator.simulation.settings import Settings
from discord_diffusion_emulator.simulation.snapshots import World
from discord_diffusion_emulator.simulation.state import HERE, Status
from discord_diffusion_emulator.tasks import environment as containers
from discord_diffusion_emulator.tasks import secrets
from discord_diffusion_emulator.tasks.launcher import RunningTask, launch
from discord_diffusion_emulator.tasks.log import TaskLog

LOG = logging.getLogger(__name__)


class Plane:
    """All of one account and region. Not thread-safe: agent.py holds its lock.

    `exited(task, status)` is called from another thread when a task's process has ended.
    """

    def __init__(
        self, account: str, region: str, config: Config, exited: Callable[[str, int], None]
    ) -> None:
        self.account, self.region, self.config = account, region, config
        self.ecs = ecs_backends[account][region]
        self.autoscaling = autoscaling_backends[account][region]
        self.fleet = Fleet(config.settings, lambda: uuid4().hex)
        self.projection = Projection(self.ecs, self.autoscaling)
        self.journal = Journal()
        self.world = World()
        self._exited = exited
        self._running: dict[str, RunningTask] = {}
        self._started = time.monotonic()
        self._simulated = 0.0

    @property
    def settings(self) -> Settings:
        """How AWS behaves here."""
        return self.fleet.state.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        """Change it; what is under way goes on at the new speed."""
        self._simulated, self._started = self.now, time.monotonic()
        self.fleet.state.settings = settings

    @property
    def now(self) -> float:
        """AWS's seconds since the start."""
        return self._simulated + (time.monotonic() - self._started) * self.settings.speed

    def tick(self) -> float | None:
        """Do what is due. Returns the real seconds until the next time, None if nothing waits."""
        world = read(self.ecs, self.autoscaling)
        self._notice_missing()
        now = self.now
        waiting = self.fleet.tick(world, now)
        for effect in waiting:
            self._carry_out(effect)
        self._show(world)
        self._note(with_asked(world, waiting))
        if any(isinstance(e, effects.Ask | effects.Start | effects.RolledBack) for e in waiting):
            return 0.0
        due = self.fleet.next_due
        return None if due is None else max(due - self.now, 0.0) / self.settings.speed

    def _show(self, world: World) -> None:
        state = self.fleet.state
        protected = {
            machine.key: reservation.protects(
                state, world.provider_of(machine.group), world.groups[machine.group], machine.key
            )
            for machine in state.machines.values()
            if machine.group in world.groups and machine.phase in HERE
        }
        self.projection.show(state, world, protected)

    def _note(self, world: World) -> None:
        self.world = world
        names = {key: instance.id for key, instance in self.projection.instances.items()}
        self.journal.look(self.fleet.state, world, names, self.now)

    def _notice_missing(self) -> None:
        """Instances that somebody terminated through EC2."""
        for key, instance in self.projection.instances.items():
            machine = self.fleet.state.machines.get(key)
            if machine and machine.phase in HERE and instance.state == "terminated":
                self.fleet.vanish(key, self.now)

    def _carry_out(self, effect: Effect) -> None:
        try:
            self._do(effect)
        except Exception:  # one thing that fails must not stop the whole fleet
            LOG.exception("could not carry out %s", effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case effects.Ask(group, desired, _, _):
                self.autoscaling.set_desired_capacity(group, desired)
            case effects.Point(cluster, provider, value):
                self._publish(cluster, provider, value)
            case effects.Start(task):
                self._start(task)
            case effects.Signal(task):
                self._signal(task, signal.SIGTERM)
            case effects.Kill(task):
                self._signal(task, signal.SIGKILL)
            case effects.Told(service, text):
                tell(self._service(service), text)
            case effects.RolledBack(service, definition):
                self._service(service).task_definition = definition
            case _:
                self._move_machine(effect)

    def _move_machine(self, effect: Effect) -> None:
        machines, backend = self.projection.instances, self.autoscaling
        match effect:
            case effects.Launched(key, cause):
                machine = self.fleet.state.machines[key]
                machines[key] = instances.launch(backend, machine, cause)
            case effects.LaunchFailed(group, reason, cause):
                instances.launch_failed(backend, group, reason, cause)
            case effects.InService(key):
                instances.in_service(backend, machines[key])
            case effects.Terminating(key, cause):
                instances.terminating(backend, machines[key], cause)
            case effects.Terminated(key):
                instances.terminated(backend, machines.pop(key))
            case effects.SpotWarning(key, kind):
                LOG.info("Spot %s for %s", kind, machines[key].id)

    def _service(self, key: str) -> Any:
        return self.ecs.services[key.replace("/", ":")]

    def _publish(self, cluster: str, provider: str, value: float) -> None:
        client = connect_to(aws_access_key_id=self.account, region_name=self.region).cloudwatch
        dimensions = {"ClusterName": cluster, "CapacityProviderName": provider}
        datum = {
            "MetricName": "CapacityProviderReservation",
            "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
            "Value": value,
            "Unit": "Percent",
        }
        client.put_metric_data(Namespace="AWS/ECS/ManagedScaling", MetricData=[datum])

    def _start(self, task_id: str) -> None:
        task = self.fleet.state.tasks[task_id]
        definition = self.ecs.describe_task_definition(task.definition)
        container = definition.container_definitions[0]
        try:
            environment = containers.environment(
                self.config,
                container,
                endpoint=f"http://{localstack_config.LOCALSTACK_HOST}",
                region=self.region,
                task_id=task_id,
            )
            environment |= secrets.read(self.account, self.region, container)
            log = self._log(container, task_id)
            self._running[task_id] = launch(
                self.config,
                definition,
                environment,
                self._labels(task_id, definition),
                list(self._running.values()),
                log.line,
                self._ended(task_id, log),
            )
        except (OSError, containers.NoCommandError, secrets.SecretError) as error:
            self.fleet.not_started(task_id, str(error), self.now)
        else:
            self.fleet.started(task_id, self.now)

    def _labels(self, task_id: str, definition: Any) -> dict[str, str]:
        task = self.shown(task_id)
        if task is None:
            return {}
        name = definition.container_definitions[0]["name"]
        return containers.labels(task.cluster_arn, task.task_arn, definition, name)

    def _log(self, container: dict[str, Any], task_id: str) -> TaskLog:
        settings = container.get("logConfiguration") or {}
        options = settings.get("options") or {} if settings.get("logDriver") == "awslogs" else {}
        prefix = options.get("awslogs-stream-prefix")
        name = container["name"]
        stream = f"{prefix}/{name}/{task_id}" if prefix else task_id
        log = TaskLog(self.account, options.get("awslogs-region", self.region), options, stream)
        if self.config.logs is not None:
            log.to_file(self.config.logs / f"{name}-{containers.short(task_id)}.log")
        return log

    def _ended(self, task_id: str, log: TaskLog) -> Callable[[int], None]:
        def ended(status: int) -> None:
            log.close()
            self._exited(task_id, status)

        return ended

    def task_ended(self, task_id: str, status: int) -> None:
        """A task's process has ended."""
        self._running.pop(task_id, None)
        self.fleet.exited(task_id, status, self.now)

    def _signal(self, task_id: str, number: signal.Signals) -> None:
        if (process := self._running.get(task_id)) is not None:
            process.send(number)

    def pid(self, task_id: str) -> int | None:
        """The process id of a running task."""
        process = self._running.get(task_id)
        return process.pid if process else None

    def kill(self, task_id: str) -> bool:
        """Kill a task's process, as a crash would. False if it has none."""
        self._signal(task_id, signal.SIGKILL)
        return task_id in self._running

    def shown(self, task_id: str) -> AgentTask | None:
        """A task as ECS shows it."""
        return self.projection.tasks.get(task_id)

    def stop_task(self, task_id: str, reason: str) -> AgentTask | None:
        """StopTask. None if there is no such task."""
        if task_id not in self.fleet.state.tasks:
            return None
        self.fleet.stop(task_id, reason, self.now)
        return self.shown(task_id)

    def protection(self, task_id: str, wanted: tuple[bool, int] | None) -> dict[str, Any] | None:
        """Read, or set for minutes, a task's protection from scale-in. None if it is not there.

        Protection guards a process, which is not sped up: its minutes are real ones.
        """
        task = self.fleet.state.tasks.get(task_id)
        if task is None or task.status is Status.STOPPED or task_id not in self.projection.tasks:
            return None
        speed = self.settings.speed
        if wanted is not None:
            enabled, minutes = wanted
            self.fleet.protect(task_id, self.now + minutes * 60 * speed if enabled else None)
        answer: dict[str, Any] = {
            "taskArn": self.projection.tasks[task_id].task_arn,
            "protectionEnabled": task.protected(self.now),
        }
        if task.protected_until is not None and task.protected(self.now):
            left = (task.protected_until - self.now) / speed
            answer["expirationDate"] = datetime.now(UTC) + timedelta(seconds=left)
        return answer

    def drain(self, container_id: str, draining: bool) -> None:
        """Drain a container instance, or no longer, if it is there."""
        for key, container in self.projection.containers.items():
            if container.id == container_id and self.fleet.state.machines[key].phase in HERE:
                self.fleet.state.machines[key].draining = draining

    def terminate(self, instance_id: str, decrement: bool) -> dict[str, Any] | None:
        """TerminateInstanceInAutoScalingGroup: the activity; None if no group has the instance."""
        key = self.machine(instance_id)
        machine = self.fleet.state.machines.get(key) if key is not None else None
        group = self.autoscaling.autoscaling_groups.get(machine.group) if machine else None
        if key is None or machine is None or group is None:
            return None
        before = int(group.desired_capacity or 0)
        cause = "an instance was taken out of service in response to a user request"
        if decrement:
            cause += f", shrinking the capacity from {before} to {before - 1}"
        provider = self.world.provider_of(machine.group)
        drains = provider is None or provider.drains
        if not self.fleet.release(key, cause, self.now, drains=drains):
            return None
        if decrement:
            self.autoscaling.set_desired_capacity(machine.group, before - 1)
        self.tick()
        return next(one for one in activities(self.autoscaling) if one["instance"] == instance_id)

    def machine(self, instance_id: str) -> int | None:
        """The mind's key of an instance."""
        with contextlib.suppress(StopIteration):
            return next(k for k, i in self.projection.instances.items() if i.id == instance_id)
        return None
