"""The estimate of a deployment's costs that the deploy step shows before it changes anything."""

from dataclasses import dataclass
from math import inf

from infra.capacity.bill import (
    Line,
    Use,
    pool_volumes,
    standing_costs,
    total,
    working_costs,
)
from infra.capacity.figures import (
    PICTURES_PER_JOB,
    PRICED_REGION,
    counts,
    instance_price,
    speed,
)

_DAYS = 31
SPEEDS = {
    ("g4dn.xlarge", "fast"): "T4, four LCM steps",
    ("g4dn.xlarge", "better"): "T4, eight LCM steps",
    ("g4dn.xlarge", "best"): "T4, one batch of four",
    ("g5.xlarge", "fast"): "A10G, four LCM steps",
    ("g5.xlarge", "better"): "A10G, eight LCM steps",
    ("g5.xlarge", "best"): "A10G, four pictures",
}
"""The known speeds, by instance type and the root module's variable `quality`."""


@dataclass(frozen=True)
class Estimate:
    """Dollars before any free allowance; None if the price or speed of the type is not known.

    `thousand_pictures` is for a worker that is always busy; `most_per_hour` for the maximum of
    instances, on demand, since Spot may have none; `most_per_month` for that in every hour until
    the caps of instance-hours stop it, `most_hours` of them.
    """

    idle: tuple[Line, ...]
    hour: float | None
    thousand_pictures: float | None
    most_per_hour: float | None
    most_per_month: float | None
    most_hours: float
    notes: tuple[str, ...]

    @property
    def idle_month(self) -> float:
        """Dollars for a month of 30 days without requests."""
        return total(self.idle)


def estimate(
    instance_type: str,
    region: str,
    spot_percentage: float,
    maximum_tasks: int,
    warm_pool_size: int = 0,
    *,
    hours_a_day: float = 24,
    hours_a_month: float = 300,
    quality: str | None = "fast",
) -> Estimate:
    """The costs of a deployment whose first instance type is `instance_type`.

    `hours_a_day` and `hours_a_month` are the fleet's caps of instance-hours; 0 is none. `quality`
    is how the default model draws; None for another model.
    """
    idle = standing_costs(counts())
    if warm_pool_size:
        idle = (*idle, pool_volumes(warm_pool_size, counts()))
    hours = _most_hours(maximum_tasks, hours_a_day, hours_a_month)
    here = instance_price(instance_type, region)
    instance = here or instance_price(instance_type, PRICED_REGION)
    notes = [] if here else [f"The price of {instance_type} in {region} is not known here."]
    if instance is None:
        return Estimate(idle, None, None, None, None, hours, tuple(notes))
    if here is None:
        notes.append(f"Computed with the price in {PRICED_REGION}.")
    busy = Use(instance_hours=1.0, observations=0.0)
    spot_share = spot_percentage / 100
    hour = total(working_costs(busy, instance, spot_share, counts()))
    on_demand = hour - instance.hour(spot_share) + instance.dollars
    thousand = None
    if quality is None:
        notes.append("How fast the model draws is not known here.")
    elif name := SPEEDS.get((instance_type, quality)):
        hours_drawn = speed(name).seconds * 1000 / PICTURES_PER_JOB / 3600
        thousand = hour * hours_drawn
    else:
        notes.append(f"How fast {instance_type} draws is not known here.")
    most = total(idle) + on_demand * hours
    return Estimate(idle, hour, thousand, on_demand * maximum_tasks, most, hours, tuple(notes))


def _most_hours(maximum_tasks: int, a_day: float, a_month: float) -> float:
    """The most instance-hours in a month of 31 days, by the maximum of tasks and both caps."""
    return min(maximum_tasks * 24 * _DAYS, a_day * _DAYS or inf, a_month or inf)
