"""The scaling policy of a deployment, run on the simulated fleet.

The counts come from `discord_diffusion.fleet.demand`, cooldowns and holding time from the Terraform
files. Alarms and step policies act as on AWS: the shortfall alarm (10 s, Maximum) starts a step at
once, the surplus alarm (Minimum) a step for what was spare during its whole period.
"""

from dataclasses import dataclass

from discord_diffusion.fleet.demand import Observation, ScalingTarget, desired_tasks, measure
from discord_diffusion.fleet.wait_estimate import expected_wait_seconds
from infra.capacity.figures import Boot, Stage, figures
from infra.capacity.simulation.clock import Clock
from infra.capacity.simulation.fleet import Fleet
from infra.capacity.simulation.jobs import TOKEN_SECONDS, JobQueue
from infra.capacity.simulation.outcome import Ledger
from infra.capacity.step_scaling import (
    SHORTFALL_THRESHOLD,
    SURPLUS_THRESHOLD,
    Cooldown,
    adjustment_for,
    scale_in_steps,
    scale_out_steps,
)
from infra.terraform_numbers import terraform_number

MINUTE = 60.0
TOKEN_MARGIN = 15.0
"""Seconds kept free at the end of a token for the upload."""
_POLICIES = "modules/scaling/policies.tf"


@dataclass(frozen=True)
class SimulatedDeployment:
    """The parts of one simulated deployment."""

    clock: Clock
    queue: JobQueue
    fleet: Fleet
    ledger: Ledger

    def observe(self) -> Observation:
        """What the Lambda `backlog` reads from SQS and ECS."""
        running = self.fleet.running
        return Observation(
            self.queue.visible,
            self.queue.in_flight,
            running,
            max(0, self.fleet.desired_tasks - running),
        )


class ScalingPolicy:
    """Scales out by the shortfall, and in by what was spare for a while.

    Tasks are spare for `hold_seconds` before they are stopped. With `provider_alone` the capacity
    provider's managed scaling alone starts and terminates instances. Otherwise the wake-up raises
    the Auto Scaling group too, and the scaling loop releases empty instances, as a deployment does.
    """

    def __init__(
        self,
        deployment: SimulatedDeployment,
        target: ScalingTarget,
        boot: Boot,
        *,
        hold_seconds: float,
        provider_alone: bool,
    ) -> None:
        self._deployment = deployment
        self._target = target
        self._boot = boot
        self._hold_seconds = hold_seconds
        self._provider_alone = provider_alone
        self._out_steps = scale_out_steps(target.maximum)
        self._in_steps = scale_in_steps(target.maximum)
        self._cooldown = Cooldown(
            terraform_number(_POLICIES, "scale_out_cooldown_seconds"),
            terraform_number(_POLICIES, "scale_in_cooldown_seconds"),
        )
        self._surplus: list[tuple[float, int]] = []

    def start(self) -> None:
        """Schedule the observations, the surplus alarm and the capacity provider."""
        clock, known = self._deployment.clock, figures()
        clock.every(known["observation_period"], self._observe)
        clock.every(MINUTE, self._scale_in, MINUTE)
        clock.every(known["reservation_period"], self._publish_reservation)

    def admits(self) -> bool:
        """Whether a new job can be answered before its token ends."""
        fleet, seen = self._deployment.fleet, self._deployment.observe()
        with_job = Observation(seen.visible + 1, seen.in_flight, seen.running, seen.pending)
        tasks = max(desired_tasks(with_job, self._target), fleet.desired_tasks)
        wait = expected_wait_seconds(
            seen.backlog,
            running=fleet.running,
            starting=max(0, tasks - fleet.running),
            seconds_until_started=self._boot.total_seconds,
            seconds_per_job=fleet.timings.job,
        )
        return wait + TOKEN_MARGIN <= TOKEN_SECONDS

    def job_accepted(self) -> None:
        """Wake the fleet if it sleeps."""
        if self._deployment.fleet.desired_tasks == 0:
            wake_up = next(step for step in self._boot.steps if step.stage is Stage.CONTROL)
            self._deployment.clock.after(wake_up.seconds, self._wake)

    def _wake(self) -> None:
        fleet = self._deployment.fleet
        if fleet.desired_tasks:
            return
        fleet.desired_tasks = max(1, desired_tasks(self._deployment.observe(), self._target))
        if not self._provider_alone and fleet.desired_instances == 0:
            fleet.desired_instances = fleet.desired_tasks
        fleet.settle()

    def _observe(self) -> None:
        """One run of the Lambda `backlog`; without work the loop ends after the minute's first."""
        clock, fleet, ledger = (
            self._deployment.clock,
            self._deployment.fleet,
            self._deployment.ledger,
        )
        seen, period = self._deployment.observe(), figures()["observation_period"]
        awake = bool(seen.asked_for or seen.backlog or fleet.instances)
        first_of_minute = clock.now % MINUTE < period
        ledger.express_seconds += period if awake else float(first_of_minute)
        ledger.observations += awake or first_of_minute
        if not awake:
            return
        found = measure(seen, self._target)
        if not self._provider_alone and found.wanted <= seen.running == seen.asked_for:
            fleet.terminate_empty(0.0)
        self._surplus.append((clock.now, found.surplus))
        change = adjustment_for(self._out_steps, SHORTFALL_THRESHOLD, found.shortfall)
        if change is not None:
            step = change
            clock.after(figures()["alarm_delay"], lambda: self._scale_out(step))

    def _scale_out(self, change: int) -> None:
        fleet = self._deployment.fleet
        fleet.desired_tasks = self._cooldown.scale_out(
            self._deployment.clock.now, fleet.desired_tasks, change, self._target.maximum
        )
        fleet.settle()

    def _scale_in(self) -> None:
        """The alarm on the Minimum of the surplus, and the step for that minimum."""
        now, fleet = self._deployment.clock.now, self._deployment.fleet
        self._surplus = [point for point in self._surplus if point[0] > now - self._hold_seconds]
        if not self._surplus:
            return
        least = min(surplus for _, surplus in self._surplus)
        change = adjustment_for(self._in_steps, SURPLUS_THRESHOLD, least)
        if change is not None:
            fleet.desired_tasks = self._cooldown.scale_in(
                now, fleet.desired_tasks, change, self._target.minimum
            )
            fleet.settle()

    def _publish_reservation(self) -> None:
        """CapacityProviderReservation, and its alarm one period later."""
        fleet = self._deployment.fleet
        fleet.terminate_empty(figures()["instance_idle"])
        if max(fleet.desired_tasks, len(fleet.tasks)) <= fleet.desired_instances:
            return

        def follow() -> None:
            wanted = max(fleet.desired_tasks, len(fleet.tasks))
            if fleet.desired_instances == 0 and wanted:
                wanted = max(wanted, figures().count("first_scale_out"))
            fleet.desired_instances = min(
                self._target.maximum, max(fleet.desired_instances, wanted)
            )
            fleet.settle()

        self._deployment.clock.after(figures()["reservation_period"], follow)
