"""The fleets of one account in one region: steps their simulation and carries out its effects."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from localstack.aws.connect import connect_to
from moto.autoscaling.models import autoscaling_backends
from moto.ecs.models import ecs_backends

from ecs_fleet_emulator.clock.moved_clock import CLOCK
from ecs_fleet_emulator.errors import TaskStartError
from ecs_fleet_emulator.iam.sessions import RoleSession
from ecs_fleet_emulator.iam.settings import is_enforced
from ecs_fleet_emulator.simulation import containers, effects, warm_pools
from ecs_fleet_emulator.simulation.effects import Effect
from ecs_fleet_emulator.simulation.fleet_simulation import FleetSimulation, with_capacities
from ecs_fleet_emulator.simulation.journal import Journal
from ecs_fleet_emulator.simulation.managed_scaling import is_protected
from ecs_fleet_emulator.simulation.settings import Settings
from ecs_fleet_emulator.simulation.snapshots import RegionSnapshot
from ecs_fleet_emulator.simulation.state import Fault, Health, Instance, Phase, Status, Task
from ecs_fleet_emulator.tasks.container_spec import with_overrides
from ecs_fleet_emulator.tasks.launcher import TaskLauncher

from . import instance_role, moto_instances
from .moto_reader import read_snapshot, task_request
from .moto_records import activities, is_suspended
from .moto_writer import EcsTask, MotoWriter, add_event
from .scheduled_actions import ScheduledActions
from .utilization import Utilization

LOG = logging.getLogger(__name__)


def _new_id() -> str:
    return uuid4().hex


class Region:
    """Services, groups and tasks of one account in one region. Not thread-safe: hold agent.lock."""

    def __init__(self, account: str, name: str, launcher: TaskLauncher, settings: Settings) -> None:
        self.account, self.name = account, name
        self.ecs = ecs_backends[account][name]
        self.autoscaling = autoscaling_backends[account][name]
        self.simulation = FleetSimulation(settings, _new_id)
        self.writer = MotoWriter(self.ecs, self.autoscaling)
        self.journal = Journal()
        self.snapshot = RegionSnapshot()
        self.scheduled_actions = ScheduledActions()
        self.utilization = Utilization()
        self.launcher = launcher
        self._started = CLOCK.monotonic()
        self._simulated = 0.0

    def __getstate__(self) -> dict[str, Any]:
        """All that `resume` goes on with: no processes, and the simulated time."""
        return vars(self) | {"launcher": None, "_simulated": self.now}

    def resume(self, launcher: TaskLauncher) -> None:
        """Go on, in a new emulator, where the saved one was: tasks that ran get new processes."""
        self.launcher, self._started = launcher, CLOCK.monotonic()
        self.scheduled_actions.resume()
        for task in list(self.simulation.state.tasks.values()):
            for container in containers.running(task):
                container.checking = False
                if task.status is Status.STOPPING:
                    self.simulation.container_exited(task.id, container.name, 0, self.now)
                else:
                    self._start_container(task.id, container.name)

    @property
    def settings(self) -> Settings:
        """The settings of the region's simulation."""
        return self.simulation.state.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        """Change the settings; running delays continue at the new speed."""
        self._simulated, self._started = self.now, CLOCK.monotonic()
        self.simulation.state.settings = settings

    @property
    def now(self) -> float:
        """The simulated time, in AWS's seconds since the start."""
        return self._simulated + (CLOCK.monotonic() - self._started) * self.settings.speed

    def step(self) -> float | None:
        """Step the simulation and apply its effects; the real seconds to the next step, or None."""
        until_action = self.scheduled_actions.carry_out_due(self, datetime.now(UTC))
        snapshot = read_snapshot(self.ecs, self.autoscaling)
        self._detect_lost_instances()
        step_effects = self.simulation.step(snapshot, self.now)
        for effect in step_effects:
            try:
                self._carry_out(effect)
            except Exception:  # one effect that fails must not stop the whole fleet
                LOG.exception("could not carry out %s", effect)
        state = self.simulation.state
        protected = {
            instance.key: is_protected(state, snapshot.provider_of(group.name), group, instance.key)
            for instance in state.instances.values()
            if instance.active and (group := snapshot.groups.get(instance.group))
        }
        self.writer.write(state, snapshot, protected)
        self.snapshot = with_capacities(snapshot, step_effects)
        self.journal.record(state, self.snapshot, self.writer.instance_ids, self.now)
        at_once = (
            effects.SetDesiredCapacity
            | effects.StartContainer
            | effects.CheckHealth
            | effects.RollBack
            | effects.DrainInstance
        )
        if any(isinstance(effect, at_once) for effect in step_effects):
            return 0.0
        step_at = self.simulation.next_step_at
        until_step = None if step_at is None else max(step_at - self.now, 0.0) / self.settings.speed
        waits = (until_action, until_step, self.utilization.publish_due(self))
        return min((seconds for seconds in waits if seconds is not None), default=None)

    def _detect_lost_instances(self) -> None:
        """Find instances that were terminated, or stopped in service, through EC2's API.

        Auto Scaling replaces a stopped one, too, since it is not healthy.
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-checks-overview.html
        """
        for key, ec2_instance in self.writer.instances.items():
            instance = self.simulation.state.instances.get(key)
            if instance is None:
                continue
            gone = ec2_instance.state == "terminated" and (instance.active or instance.warm)
            stopped = ec2_instance.state == "stopped" and instance.phase is Phase.IN_SERVICE
            if gone or stopped:
                self.simulation.instance_lost(key, self.now)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case effects.SetDesiredCapacity(group, desired):
                self.autoscaling.set_desired_capacity(group, desired)
            case effects.PublishReservation(cluster, provider, value):
                self._publish_reservation(cluster, provider, value)
            case effects.StartContainer(task, container):
                self._start_container(task, container)
            case effects.SignalContainer(task, container, signal):
                self.launcher.send(task, container, signal)
            case effects.CheckHealth(task, container):
                self._check_health(task, container)
            case effects.ServiceEvent(service, text):
                add_event(self._service(service), text)
            case effects.RollBack(service, definition, number):
                self._service(service).task_definition = definition
                self._service(service).forced_deployments = number
            case effects.SpotWarning(key, kind):
                LOG.info("Spot %s for %s", kind, self.writer.instances[key].id)
            case _:
                self._carry_out_on_instances(effect)

    def _carry_out_on_instances(self, effect: Effect) -> None:
        instances, backend = self.writer.instances, self.autoscaling
        match effect:
            case effects.InstanceLaunched(key, cause):
                instance = self.simulation.state.instances[key]
                instances[key] = moto_instances.launch(backend, instance, cause)
            case effects.InstanceWoken(key, cause):
                moto_instances.wake(backend, instances[key], cause)
            case effects.LaunchFailed():
                moto_instances.record_failed_launch(backend, effect)
            case effects.InstanceRunning(key):
                moto_instances.set_running(instances[key])
                self._check_joining(key)
                self._check_warm_up(key)
            case effects.InstanceWarmed(key):
                moto_instances.set_stopped(backend, instances[key])
            case effects.InstanceInService(key):
                moto_instances.complete_launch(backend, instances[key])
            case effects.InstanceTerminating(key, cause):
                moto_instances.begin_termination(backend, instances[key], cause)
            case effects.InstanceTerminated(key):
                moto_instances.complete_termination(backend, instances.pop(key))
            case effects.DrainInstance(key):
                self._drain(self.simulation.state.instances[key])

    def _check_joining(self, key: int) -> None:
        """An instance whose role does not allow it never joins its cluster."""
        instance = self.simulation.state.instances[key]
        if is_enforced() and instance.cluster:
            reason = instance_role.may_join(self._instance_session(instance), instance.cluster)
            if reason:
                LOG.error("%s", reason)
                instance.cluster = None

    def _check_warm_up(self, key: int) -> None:
        """An instance whose role does not allow it completes no launch hook, or pulls no image."""
        instance = self.simulation.state.instances[key]
        if not is_enforced() or not instance.completes_hook:
            return
        agent = self._instance_session(instance)
        if reason := instance_role.may_complete_hook(agent, instance.group):
            LOG.error("%s", reason)
            instance.completes_hook = False
        if instance.warm_image and (reason := instance_role.may_pull(agent, instance.warm_image)):
            LOG.error("%s", reason)
            instance.warm_image = None

    def _drain(self, instance: Instance) -> None:
        """What the ECS agent asks for at a Spot notice, with the rights of its instance."""
        container = self.writer.container_instances.get(instance.key)
        if container is None or not instance.active:
            return  # no agent has joined a cluster
        if not is_enforced():
            instance.draining = True
            return
        reason = instance_role.drain(self._instance_session(instance), container)
        if reason:
            LOG.error("%s", reason)

    def _instance_session(self, instance: Instance) -> RoleSession | None:
        """The session of an instance's role; None if it has no instance profile."""
        group = self.autoscaling.autoscaling_groups[instance.group]
        instance_id = self.writer.instances[instance.key].id
        return instance_role.session(group, instance_id, (self.account, self.name))

    def _service(self, key: str) -> Any:
        return self.ecs.services[key.replace("/", ":")]

    def _publish_reservation(self, cluster: str, provider: str, value: float) -> None:
        client = connect_to(aws_access_key_id=self.account, region_name=self.name).cloudwatch
        datum = {
            "MetricName": "CapacityProviderReservation",
            "Dimensions": [
                {"Name": "ClusterName", "Value": cluster},
                {"Name": "CapacityProviderName", "Value": provider},
            ],
            "Value": value,
            "Unit": "Percent",
        }
        client.put_metric_data(Namespace="AWS/ECS/ManagedScaling", MetricData=[datum])

    def _definition(self, task: Task) -> Any:
        """The task definition of a task, with what its request overrides."""
        return with_overrides(
            self.ecs.describe_task_definition(task.definition),
            self.writer.requests.get(task.id, {}).get("overrides") or {},
        )

    def _check_health(self, task_id: str, name: str) -> None:
        definition = self._definition(self.simulation.state.tasks[task_id])
        settings = next(
            one["healthCheck"] for one in definition.container_definitions if one["name"] == name
        )
        self.launcher.check_health(task_id, name, settings)

    def _start_container(self, task_id: str, name: str) -> None:
        task = self.simulation.state.tasks[task_id]
        definition = self._definition(task)
        try:
            cluster = task.service.split("/")[0]
            arn = f"arn:aws:ecs:{self.name}:{self.account}:task/{cluster}/{task_id}"
            record = self.writer.tasks.get(task_id)
            gpu = Fault.NO_GPU not in self.simulation.state.faults
            host = self.simulation.state.instances.get(task.instance or 0)
            agent = self._instance_session(host) if host and is_enforced() else None
            self.launcher.start(arn, definition, name, record, agent, gpu=gpu)
        except TaskStartError as error:
            self.simulation.container_not_started(task_id, name, str(error), self.now)
        else:
            self.simulation.container_started(task_id, name, self.now)

    def container_exited(self, task_id: str, name: str, status: int) -> None:
        """Record that a container's process has ended."""
        self.launcher.remove(task_id, name)
        self.simulation.container_exited(task_id, name, status, self.now)

    def health_checked(self, task_id: str, name: str, passed: bool | Health) -> None:
        """Record the result of a container's health check."""
        self.simulation.health_checked(task_id, name, passed, self.now)

    def ending_tasks(self) -> list[str]:
        """The tasks whose processes were told to end, and have not ended."""
        tasks = self.simulation.state.tasks.values()
        return [t.id for t in tasks if t.status is Status.STOPPING and self.launcher.runs(t.id)]

    def run_tasks(self, request: Mapping[str, Any]) -> list[EcsTask]:
        """Run tasks by themselves, as RunTask does; fewer than requested where room is missing."""
        cluster = (request.get("cluster") or "default").split("/")[-1]
        wanted = task_request(self.ecs, cluster, request)
        number = request.get("count") or 1
        ids = self.simulation.run_tasks(self.snapshot, wanted, number, self.now)
        self.writer.requests |= dict.fromkeys(ids, request)
        self.step()
        return [self.writer.tasks[task_id] for task_id in ids]

    def stop_task(self, task_id: str, reason: str) -> EcsTask | None:
        """Stop a task, as StopTask does. None if there is no such task."""
        if task_id not in self.simulation.state.tasks:
            return None
        self.simulation.stop_task(task_id, reason, self.now)
        self.step()  # so that the answer shows it
        return self.writer.tasks.get(task_id)

    def protection(self, task_id: str, change: tuple[bool, int] | None) -> dict[str, Any] | None:
        """A task's scale-in protection; `change` sets it for minutes. None if no such task runs.

        The minutes are real ones: protection guards a process, which is not sped up.
        """
        task = self.simulation.state.tasks.get(task_id)
        if task is None or task.status is Status.STOPPED or task_id not in self.writer.tasks:
            return None
        speed = self.settings.speed
        if change is not None:
            enabled, minutes = change
            until = self.now + minutes * 60 * speed if enabled else None
            self.simulation.protect_task(task_id, until)
        protection: dict[str, Any] = {
            "taskArn": self.writer.tasks[task_id].task_arn,
            "protectionEnabled": task.protected(self.now),
        }
        if task.protected_until is not None and task.protected(self.now):
            seconds = (task.protected_until - self.now) / speed
            protection["expirationDate"] = datetime.now(UTC) + timedelta(seconds=seconds)
        return protection

    def set_draining(self, container_id: str, draining: bool) -> None:
        """Begin or end the draining of a container instance, if there is such an instance."""
        for key, container in self.writer.container_instances.items():
            instance = self.simulation.state.instances[key]
            if container.id == container_id and instance.active:
                instance.draining = draining

    def terminate(self, instance_id: str, decrement: bool) -> dict[str, Any] | None:
        """TerminateInstanceInAutoScalingGroup: the activity; None if no group has the instance."""
        key = self.instance_key(instance_id)
        instance = self.simulation.state.instances.get(key) if key is not None else None
        group = self.autoscaling.autoscaling_groups.get(instance.group) if instance else None
        if instance is None or group is None:
            return None
        before = int(group.desired_capacity or 0)
        cause = "an instance was taken out of service in response to a user request"
        if decrement:
            cause += f", shrinking the capacity from {before} to {before - 1}"
        provider = self.snapshot.provider_of(instance.group)
        drains = provider is None or provider.drains
        if not self.simulation.terminate(instance.key, cause, self.now, drains=drains):
            return None
        if decrement:
            self.autoscaling.set_desired_capacity(instance.group, before - 1)
        self.step()
        return next(a for a in activities(self.autoscaling) if a["instance"] == instance_id)

    def tasks_of_token(self, token: str | None) -> list[EcsTask]:
        """The tasks that an earlier request of RunTask with the same token has started."""
        requests = self.writer.requests.items()
        ids = [task_id for task_id, one in requests if token and one.get("clientToken") == token]
        return [self.writer.tasks[task_id] for task_id in ids]

    def in_grace_period(self, key: int) -> bool:
        """Whether an instance is so new that its group does not look at its health yet."""
        instance = self.simulation.state.instances[key]
        group = self.autoscaling.autoscaling_groups[instance.group]
        since = warm_pools.running_at(self.simulation.state, instance)
        return self.now < since + float(group.health_check_grace_period or 0)

    def replace_unhealthy(self, key: int) -> None:
        """Take an instance out of service that does not pass its health check any more."""
        instance = self.simulation.state.instances[key]
        if is_suspended(self.autoscaling.autoscaling_groups[instance.group], "ReplaceUnhealthy"):
            return
        provider = self.snapshot.provider_of(instance.group)
        cause = "an instance was taken out of service in response to a user health-check"
        drains = provider is None or provider.drains
        self.simulation.terminate(key, cause, self.now, drains=drains)

    def end_draining(self, instance_id: str) -> bool:
        """CompleteLifecycleAction of ECS's draining hook; False if the instance does not drain."""
        key = self.instance_key(instance_id)
        return key is not None and self.simulation.end_draining(key, self.now)

    def instance_key(self, instance_id: str) -> int | None:
        """The simulation's key of an EC2 instance."""
        ids = self.writer.instance_ids
        return next((key for key, ec2_id in ids.items() if ec2_id == instance_id), None)
