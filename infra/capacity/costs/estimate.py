"""What a deployment will cost, told before anything of it is made."""

from dataclasses import dataclass

from infra.capacity import figures as figures_file
from infra.capacity import prices as prices_file
from infra.capacity.costs import ours
from infra.capacity.costs.lines import Line, counts, total
from infra.capacity.costs.use import Use
from infra.capacity.original import PICTURES_PER_JOB
from infra.capacity.prices import Instance

PRICED_REGION = "us-east-1"
_SPEEDS = {"g4dn.xlarge": "T4, one batch of four", "g5.xlarge": "A10G, four pictures"}


@dataclass(frozen=True)
class Estimate:
    """Dollars, before any free allowance; None where nothing is known of the instance type.

    `thousand_pictures` is for a worker that is busy all the time; `most_per_hour` for as many
    instances as there may be, on demand, since Spot may have none.
    """

    idle: tuple[Line, ...]
    instance: Instance | None
    hour: float | None
    thousand_pictures: float | None
    most_per_hour: float | None
    notes: tuple[str, ...]

    @property
    def idle_month(self) -> float:
        """A month of 30 days in which nobody asks for anything."""
        return total(self.idle)


def estimate(
    instance_type: str, region: str, spot_percentage: float, maximum_tasks: int
) -> Estimate:
    """What a deployment costs whose first instance type is `instance_type`."""
    prices, known = prices_file.load(), counts()
    idle = ours.standing(prices, known)
    here = prices.instance(instance_type, region)
    instance = here or prices.instance(instance_type, PRICED_REGION)
    notes = [] if here else [f"The price of {instance_type} in {region} is not known here."]
    if instance is None:
        return Estimate(idle, None, None, None, None, tuple(notes))
    if here is None:
        notes.append(f"Computed with the price in {PRICED_REGION}.")
    hour = total(
        ours.working(
            Use(instance_hours=1.0, looks=0.0),
            instance,
            spot_percentage / 100,
            prices,
            known,
            figures_file.load(),
        )
    )
    on_demand = hour - instance.hour(spot_percentage / 100) + instance.dollars
    speed = _SPEEDS.get(instance_type)
    thousand = None
    if speed:
        seconds = figures_file.load().speed(speed).seconds * 1000 / PICTURES_PER_JOB
        thousand = hour * seconds / 3600
    else:
        notes.append(f"How fast {instance_type} draws is not known here.")
    return Estimate(idle, instance, hour, thousand, on_demand * maximum_tasks, tuple(notes))
