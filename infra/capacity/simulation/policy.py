"""The scaling policy of a deployment, run on the simulated fleet.

The counts come from `discord_diffusion.fleet.demand`, cooldowns and holding time from the Terraform
files. Alarms and step policies act as on AWS: the shortfall alarm (10 s, Maximum) starts a step at
once, the surplus alarm (Minimum) a step for the tasks that were spare during its whole period.
"""

from dataclasses import dataclass, replace

from discord_diffusion.fleet.demand import Observation, ScalingTarget, desired_tasks, measure
from discord_diffusion.fleet.wait_estimate import seconds_until_begun
from discord_diffusion.fleet.work import Work
from infra.capacity.figures import Boot, Stage, figures
from infra.capacity.simulation.fleet import Fleet
from infra.capacity.simulation.jobs import TOKEN_SECONDS
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


@dataclass
class ScalingPolicy:
    """Scales a fleet out by the shortfall, and in by the surplus that lasted `hold_seconds`.

    With `provider_alone` the capacity provider's managed scaling alone starts and terminates
    instances. Otherwise the wake-up raises the Auto Scaling group too, and the scaling loop
    releases empty instances, as a deployment does.

    With `second_instance` the capacity provider counts an instance that boots as none, and so asks
    for the two that it starts from zero: https://github.com/aws/containers-roadmap/issues/945
    """

    fleet: Fleet
    target: ScalingTarget
    boot: Boot
    hold_seconds: float
    provider_alone: bool
    second_instance: bool = False

    def __post_init__(self) -> None:
        self._out_steps = scale_out_steps(self.target.maximum)
        self._in_steps = scale_in_steps(self.target.maximum)
        self._cooldown = Cooldown(
            terraform_number(_POLICIES, "scale_out_cooldown_seconds"),
            terraform_number(_POLICIES, "scale_in_cooldown_seconds"),
        )
        self._surpluses: list[tuple[float, int]] = []

    def start(self) -> None:
        """Schedule the observations, the surplus alarm and the capacity provider."""
        clock, known = self.fleet.clock, figures()
        clock.every(known["observation_period"], self._observe)
        clock.every(MINUTE, self._scale_in, MINUTE)
        clock.every(known["reservation_period"], self._publish_reservation)

    def admits(self) -> bool:
        """Whether a new job can be answered before its token ends."""
        fleet, observed = self.fleet, self._observation()
        work = observed.work
        with_job = Work(work.jobs + 1, work.users + 1, work.units + 1)
        tasks = desired_tasks(replace(observed, work=with_job), self.target)
        # Certain to come first is one job of each user.
        wait = fleet.timings.job + seconds_until_begun(
            work.users * fleet.timings.job,
            running=fleet.running,
            starting=max(0, max(tasks, fleet.desired_tasks) - fleet.running),
            seconds_until_started=self.boot.total_seconds,
        )
        return wait + TOKEN_MARGIN <= TOKEN_SECONDS

    def job_accepted(self) -> None:
        """Wake the fleet if it sleeps."""
        if self.fleet.desired_tasks == 0:
            wake_up = next(step for step in self.boot.steps if step.stage is Stage.CONTROL)
            self.fleet.clock.after(wake_up.seconds, self._wake)

    def _observation(self) -> Observation:
        """The numbers that the Lambda `backlog` reads: every job costs a unit."""
        fleet, queue = self.fleet, self.fleet.queue
        pending = max(0, fleet.desired_tasks - fleet.running)
        work = Work(queue.backlog, queue.users, queue.backlog)
        return Observation(work, queue.in_flight, fleet.running, pending)

    def _wake(self) -> None:
        fleet = self.fleet
        if fleet.desired_tasks:
            return
        fleet.desired_tasks = max(1, desired_tasks(self._observation(), self.target))
        if not self.provider_alone and fleet.desired_instances == 0:
            fleet.desired_instances = fleet.desired_tasks
            if self.second_instance:
                fleet.clock.after(figures()["reservation_period"], self._start_another)
        fleet.settle()

    def _start_another(self) -> None:
        fleet = self.fleet
        least = min(self.target.maximum, figures().count("first_scale_out"))
        fleet.desired_instances = max(fleet.desired_instances, least)
        fleet.settle()

    def _observe(self) -> None:
        """One run of the Lambda `backlog`; without work there is only the first of each minute."""
        fleet, clock = self.fleet, self.fleet.clock
        period = figures()["observation_period"]
        awake = fleet.instances or fleet.desired_tasks or fleet.running or fleet.queue.backlog
        first_of_minute = clock.now % MINUTE < period
        fleet.ledger.express_seconds += period if awake else float(first_of_minute)
        fleet.ledger.observations += bool(awake) or first_of_minute
        if not awake:
            return
        observed = self._observation()
        demand = measure(observed, self.target)
        if not self.provider_alone and demand.wanted <= observed.running == observed.asked_for:
            fleet.terminate_empty(0.0)
        self._surpluses.append((clock.now, demand.surplus))
        change = adjustment_for(self._out_steps, SHORTFALL_THRESHOLD, demand.shortfall)
        if change is not None:
            step = change
            clock.after(figures()["alarm_delay"], lambda: self._scale_out(step))

    def _scale_out(self, change: int) -> None:
        fleet = self.fleet
        fleet.desired_tasks = self._cooldown.scale_out(
            fleet.clock.now, fleet.desired_tasks, change, self.target.maximum
        )
        fleet.settle()

    def _scale_in(self) -> None:
        """The alarm on the Minimum of the surplus, and the step for that minimum."""
        fleet, now = self.fleet, self.fleet.clock.now
        begin = now - self.hold_seconds
        self._surpluses = [(at, surplus) for at, surplus in self._surpluses if at > begin]
        if not self._surpluses:
            return
        least = min(surplus for _, surplus in self._surpluses)
        change = adjustment_for(self._in_steps, SURPLUS_THRESHOLD, least)
        if change is not None:
            fleet.desired_tasks = self._cooldown.scale_in(
                now, fleet.desired_tasks, change, self.target.minimum
            )
            fleet.settle()

    def _publish_reservation(self) -> None:
        """CapacityProviderReservation, and its alarm one period later."""
        fleet = self.fleet
        fleet.terminate_empty(figures()["instance_idle"])
        if max(fleet.desired_tasks, len(fleet.tasks)) <= fleet.desired_instances:
            return

        def follow() -> None:
            wanted = max(fleet.desired_tasks, len(fleet.tasks))
            if fleet.desired_instances == 0 and wanted:
                wanted = max(wanted, figures().count("first_scale_out"))
            fleet.desired_instances = min(self.target.maximum, max(fleet.desired_instances, wanted))
            fleet.settle()

        fleet.clock.after(figures()["reservation_period"], follow)
