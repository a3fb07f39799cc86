"""Simulates one day of variants of a deployment; every variant gets the same arrivals."""

import random
from dataclasses import dataclass
from functools import cache, partial

from discord_diffusion.fleet.demand import ScalingTarget
from infra.capacity import figures
from infra.capacity.figures import Stage
from infra.capacity.simulation.clock import Clock
from infra.capacity.simulation.fleet import Fleet, Timings, WarmPool
from infra.capacity.simulation.jobs import DAY, EXPECTED_JOBS, Job, JobQueue, arrivals
from infra.capacity.simulation.outcome import Day, Ending, Fate, Ledger, Sample
from infra.capacity.simulation.policy import ScalingPolicy
from infra.terraform_numbers import terraform_number

SEED = 20261123
AFTERWARDS = 3600.0
"""Seconds after midnight in which the queue is still served."""
SAMPLE_SECONDS = 60.0
STOP_SECONDS = 20.0
"""How long an instance of the warm pool takes to stop, while it may be billed: an assumption."""
HOLD_SECONDS = terraform_number("variables_fleet.tf", "scale_in_hold_seconds")
TARGET_WAIT_SECONDS = terraform_number("variables_fleet.tf", "target_wait_seconds")


@dataclass(frozen=True)
class Variant:
    """One way of running a deployment, and its name in the tables."""

    name: str
    speed: str = "T4, four LCM steps"
    hold_seconds: float = HOLD_SECONDS
    provider_alone: bool = False
    second_instance: bool = False
    """Whether the capacity provider starts a second instance while the first one boots."""
    pool_boot: str = ""
    """The name of the boot out of a warm pool of one on-demand instance; empty without a pool."""

    @property
    def boot(self) -> str:
        """The name of its boot in `figures.toml`."""
        return "provider_alone" if self.provider_alone else "deployed"


DEFAULT = Variant("default")
HOLD_5_MINUTES = Variant("5 minutes of holding", hold_seconds=300)
HOLD_15_MINUTES = Variant("15 minutes of holding", hold_seconds=900)
PROVIDER_ALONE = Variant("instances left to the capacity provider", provider_alone=True)
SECOND_INSTANCE = Variant("a second instance at each wake-up", second_instance=True)
WARM_POOL = Variant("a warm pool of one", pool_boot="warm_pool")
BEST = Variant('25 guided steps (`quality = "best"`)', speed="T4, one batch of four")
FASTER_GPU = Variant("on A10G", speed="A10G, four LCM steps")
VARIANTS = (
    DEFAULT,
    HOLD_5_MINUTES,
    HOLD_15_MINUTES,
    SECOND_INSTANCE,
    PROVIDER_ALONE,
    WARM_POOL,
    BEST,
    FASTER_GPU,
)


def simulate(variant: Variant, jobs: tuple[Job, ...], seed: int) -> Day:
    """Simulate one variant for a day in which `jobs` arrive."""
    speed, boot = figures.speed(variant.speed), figures.boots()[variant.boot]
    timings = Timings(
        register=boot.seconds(Stage.INSTANCE),
        pull=boot.seconds(Stage.IMAGE),
        start=boot.seconds(Stage.WORKER),
        job=speed.seconds,
    )
    target = ScalingTarget(
        seconds_per_job=speed.seconds,
        jobs_at_once=1,
        target_wait_seconds=TARGET_WAIT_SECONDS,
        minimum=0,
        maximum=figures.figures().count("tasks_maximum"),
    )
    clock, queue, ledger = Clock(), JobQueue(), Ledger()
    chance = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    fleet = Fleet(clock, queue, ledger, timings, chance, _pool(variant))
    policy = ScalingPolicy(
        fleet,
        target,
        boot,
        variant.hold_seconds,
        provider_alone=variant.provider_alone,
        second_instance=variant.second_instance,
    )
    policy.start()

    def arrive(job: Job) -> None:
        if not policy.admits():
            ledger.endings.append(Ending(job, Fate.REFUSED, clock.now))
            return
        queue.send(job)
        policy.job_accepted()
        fleet.receive_jobs()

    def sample() -> None:
        instances = len(fleet.instances)
        ledger.samples.append(Sample(clock.now, queue.backlog, fleet.running, instances))

    for job in jobs:
        clock.at(job.at, partial(arrive, job))
    clock.every(SAMPLE_SECONDS, sample)
    clock.run(DAY + AFTERWARDS)
    fleet.close()
    return Day(variant.name, len(jobs), ledger, speed.price)


def _pool(variant: Variant) -> WarmPool | None:
    if not variant.pool_boot:
        return None
    warm, cold = figures.boots()[variant.pool_boot], figures.boots()[variant.boot]
    return WarmPool(
        size=1,
        register=warm.seconds(Stage.INSTANCE),
        start=warm.seconds(Stage.IMAGE) + warm.seconds(Stage.WORKER),
        # Until it has stopped.
        fill=cold.seconds(Stage.INSTANCE) + cold.seconds(Stage.IMAGE) + STOP_SECONDS,
    )


@cache
def day_of(variant: Variant, seed: int = SEED, jobs: float = EXPECTED_JOBS) -> Day:
    """A variant's day of about `jobs` jobs."""
    return simulate(variant, arrivals(seed, jobs), seed)
