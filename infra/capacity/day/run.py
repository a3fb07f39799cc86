"""Policies, each with its boot and its speed, through the same day."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from discord_diffusion.fleet.demand import ScalingTarget
from infra.capacity.day.arrivals import (
    DAY,
    JOBS,
    Arrival,
    a_day,
)
from infra.capacity.day.clock import Clock
from infra.capacity.day.fleet import Fleet, Pace
from infra.capacity.day.ours import Following, OurPolicy
from infra.capacity.day.outcome import (
    Day,
    Ending,
    Fate,
    Ledger,
    Sample,
)
from infra.capacity.day.policy import Policy, World
from infra.capacity.day.published import PublishedPolicy
from infra.capacity.day.queue import JobQueue
from infra.capacity.day.queue_depth import QueueDepthPolicy
from infra.capacity.figures import (
    Figures,
    Speed,
    Stage,
    load,
)

SEED = 20261123
# After midnight the queue is still served; what stands for an hour without work is not counted.
AFTERWARDS = 3600.0
SAMPLE_SECONDS = 60.0
TARGET_WAIT_SECONDS = 60.0
HOLD_SECONDS = 120.0
"""How long spare tasks are kept by default: `scaling.scale_in_hold_seconds`."""

SLOW, FAST = "T4, one picture after another", "T4, one batch of four"


@dataclass(frozen=True)
class Variant:
    """One way of running the deployment: what is simulated, and under which name."""

    name: str
    policy: Callable[[Figures, "Variant"], Policy]
    boot: str
    speed: str
    careful: bool


def _published(figures: Figures, _: Variant) -> Policy:
    return PublishedPolicy(figures, figures.count("tasks_maximum"))


def _queue_depth(figures: Figures, _: Variant) -> Policy:
    return QueueDepthPolicy(figures, figures.count("tasks_maximum"))


def _ours(
    hold_seconds: float = HOLD_SECONDS, *, by_ourselves: bool = True
) -> Callable[[Figures, Variant], Policy]:
    def make(figures: Figures, variant: Variant) -> Policy:
        target = ScalingTarget(
            seconds_per_job=figures.speed(variant.speed).seconds,
            jobs_at_once=1,
            target_wait_seconds=TARGET_WAIT_SECONDS,
            minimum=0,
            maximum=figures.count("tasks_maximum"),
            hold_seconds=hold_seconds,
        )
        following = Following(
            by_ourselves, figures.count("first_scale_out"), figures["instance_idle"]
        )
        return OurPolicy(figures, target, figures.boots[variant.boot], following)

    return make


ORIGINAL = Variant("original", _published, "original", SLOW, careful=False)
QUEUE_DEPTH = Variant("queue depth", _queue_depth, "original", SLOW, careful=False)
POLICY_ONLY = Variant("our policy, original worker", _ours(), "ours_slow_image", SLOW, careful=True)
OURS = Variant("ours", _ours(), "ours", FAST, careful=True)
FIVE_MINUTES = Variant("ours; 5 minutes of holding", _ours(300), "ours", FAST, careful=True)
HELD = Variant("ours; 15 minutes of holding", _ours(900), "ours", FAST, careful=True)
PROVIDER_ALONE = Variant(
    "ours; instances left to the capacity provider",
    _ours(by_ourselves=False),
    "ours_provider_alone",
    FAST,
    careful=True,
)
FASTER = Variant("ours on A10G", _ours(), "ours", "A10G, four pictures", careful=True)

COMPARED = (ORIGINAL, QUEUE_DEPTH, POLICY_ONLY, OURS)
LEVERS = (OURS, FIVE_MINUTES, HELD, PROVIDER_ALONE, FASTER)


def _pace(figures: Figures, variant: Variant) -> Pace:
    boot = figures.boots[variant.boot]
    return Pace(
        register=boot.seconds(Stage.INSTANCE),
        pull=boot.seconds(Stage.IMAGE),
        start=boot.seconds(Stage.WORKER),
        job=figures.speed(variant.speed).seconds,
        visibility=figures["original_visibility"],
        checks_token=variant.careful,
        protects_busy=variant.careful,
    )


def simulate(variant: Variant, arrivals: tuple[Arrival, ...], figures: Figures, seed: int) -> Day:
    """One variant through one day of arrivals."""
    clock, queue, ledger = Clock(), JobQueue(), Ledger()
    chance = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    fleet = Fleet(clock, queue, ledger, _pace(figures, variant), chance)
    world = World(clock, queue, fleet, ledger)
    policy = variant.policy(figures, variant)
    policy.start(world)

    def arrive(job: Arrival) -> None:
        if not policy.admits(world, job):
            ledger.endings.append(Ending(job, Fate.REFUSED, clock.now))
            return
        queue.send(job)
        policy.accepted(world, job)
        fleet.offer()

    def arrival(job: Arrival) -> Callable[[], None]:
        return lambda: arrive(job)

    for job in arrivals:
        clock.at(job.at, arrival(job))
    clock.every(
        SAMPLE_SECONDS,
        lambda: ledger.samples.append(
            Sample(clock.now, queue.backlog, fleet.running, len(fleet.instances))
        ),
    )
    clock.run(DAY + AFTERWARDS)
    fleet.close()
    return _finished(variant, len(arrivals), ledger, figures)


def _finished(variant: Variant, arrived: int, ledger: Ledger, figures: Figures) -> Day:
    speed: Speed = figures.speed(variant.speed)
    price = figures["express_gigabyte_second"] * figures["express_gigabytes"]
    return Day(
        variant.name,
        arrived,
        ledger,
        speed.dollars,
        speed.spot_dollars,
        ledger.express_seconds * price,
    )


@cache
def day_of(variant: Variant, seed: int = SEED, jobs: float = JOBS) -> Day:
    """A variant's day of about `jobs` jobs; every variant meets the same arrivals."""
    return simulate(variant, a_day(seed, jobs), load(), seed)
