"""The prices of `prices.toml`: each with its unit, its source and how far it can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from infra.capacity.figures import (
    Figure,
    Mark,
    read_figures,
    read_toml,
)


@dataclass(frozen=True)
class Instance:
    """Dollars an hour for an EC2 instance type in a region, on demand and Spot."""

    type: str
    region: str
    dollars: float
    spot_dollars: float
    mark: Mark
    source: str
    read: date

    def hour(self, spot_share: float) -> float:
        """An hour with `spot_share` (0 to 1) of the instances on Spot."""
        return self.spot_dollars * spot_share + self.dollars * (1 - spot_share)


@dataclass(frozen=True)
class Prices:
    """Everything in `prices.toml`."""

    numbers: Mapping[str, Figure]
    instances: tuple[Instance, ...]

    def __getitem__(self, key: str) -> float:
        return self.numbers[key].value

    def instance(self, instance_type: str, region: str) -> Instance | None:
        """An instance type in a region, or None if its price is not known."""
        for known in self.instances:
            if (known.type, known.region) == (instance_type, region):
                return known
        return None


@cache
def load() -> Prices:
    """Read the file; a missing, unknown or misspelt field raises, naming it."""
    raw = read_toml("prices.toml")
    return Prices(
        numbers=read_figures(raw["price"]),
        instances=tuple(Instance(**{**row, "mark": Mark(row["mark"])}) for row in raw["instance"]),
    )
