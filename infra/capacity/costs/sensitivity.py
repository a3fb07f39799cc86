"""How much of the comparison hangs on a figure that nobody has measured here."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from infra.capacity import figures as figures_file
from infra.capacity.costs.compare import (
    REGIONS,
    Load,
    bill_of,
    bill_of_original,
    instance_in,
)
from infra.capacity.costs.lines import counts
from infra.capacity.costs.use import month_of
from infra.capacity.day.arrivals import a_day
from infra.capacity.day.run import OURS, SEED, simulate
from infra.capacity.figures import Boot, Figures
from infra.capacity.prices import Instance


@dataclass(frozen=True)
class Doubt:
    """A figure of ours that may be worse than it is taken for; the original's stay as they are."""

    name: str
    instance: Callable[[Instance], Instance] = lambda instance: instance
    figures: Callable[[Figures], Figures] = lambda figures: figures


def _dearer(factor: float) -> Callable[[Instance], Instance]:
    return lambda instance: replace(instance, spot_dollars=instance.spot_dollars * factor)


def _on_demand(instance: Instance) -> Instance:
    return replace(instance, spot_dollars=instance.dollars)


def _slower_start(factor: float) -> Callable[[Figures], Figures]:
    def changed(figures: Figures) -> Figures:
        boot = figures.boots[OURS.boot]
        steps = tuple(replace(step, seconds=step.seconds * factor) for step in boot.steps)
        return replace(figures, boots={**figures.boots, OURS.boot: Boot(steps)})

    return changed


def _slower_job(figures: Figures) -> Figures:
    speeds = tuple(
        replace(one, seconds=one.seconds * 1.5) if one.name == OURS.speed else one
        for one in figures.speeds
    )
    return replace(figures, speeds=speeds)


DOUBTS = (
    Doubt("as above"),
    Doubt("a Spot instance costs half as much again", instance=_dearer(1.5)),
    Doubt("there is no Spot, all is on demand", instance=_on_demand),
    Doubt("from asleep to working takes twice as long", figures=_slower_start(2)),
    Doubt("a job takes half as long again", figures=_slower_job),
)


BREAK_EVENS: tuple[tuple[str, Callable[[float], Doubt]], ...] = (
    ("Spot dearer by", lambda factor: Doubt("", instance=_dearer(factor))),
    ("a slower start by", lambda factor: Doubt("", figures=_slower_start(factor))),
)
"""Doubts by how much worse something is than it is taken for: 1 is as it is."""
WORST = 2.0
"""The largest factor that is looked at."""
_STEP = 0.01


def break_even(doubt: Callable[[float], Doubt], load: Load, times: float) -> float:
    """The largest factor, in hundredths up to `WORST`, at which a picture is still `times` cheaper.

    Found by halving, as if the ratio only fell.
    """
    good, bad = 1.0, WORST
    if times_cheaper_if(doubt(bad), load) >= times:
        return bad
    while bad - good > _STEP:
        middle = (good + bad) / 2
        if times_cheaper_if(doubt(middle), load) >= times:
            good = middle
        else:
            bad = middle
    return good


def times_cheaper_if(doubt: Doubt, load: Load, region: str = REGIONS[0]) -> float:
    """How many times cheaper a picture is than the original's, if a doubt is right."""
    figures = doubt.figures(figures_file.load())
    day = simulate(OURS, a_day(SEED, load.jobs_per_day), figures, SEED)
    ours = bill_of(month_of(day), doubt.instance(instance_in(region)), counts())
    return bill_of_original(load, region).per_thousand / ours.per_thousand
