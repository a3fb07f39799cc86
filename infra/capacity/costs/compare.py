"""The original's bill and ours, for the same month."""

from dataclasses import dataclass

from infra.capacity import figures as figures_file
from infra.capacity import prices as prices_file
from infra.capacity.costs import original, ours
from infra.capacity.costs.lines import (
    Counts,
    Line,
    counts,
    total,
)
from infra.capacity.costs.use import DAYS, Use, month_of
from infra.capacity.day.run import (
    ORIGINAL,
    OURS,
    SEED,
    Variant,
    day_of,
)
from infra.capacity.original import PICTURES_PER_JOB
from infra.capacity.prices import Instance

REGIONS = ("us-east-2", "us-east-1")
"""The first is where a deployment goes by default."""
INSTANCE = "g4dn.xlarge"
SPOT_SHARE = 1.0


@dataclass(frozen=True)
class Load:
    """How many pictures are asked for in a month of 30 days."""

    name: str
    pictures: float

    @property
    def jobs_per_day(self) -> float:
        """The same as jobs a day."""
        return self.pictures / PICTURES_PER_JOB / DAYS


IDLE = Load("nobody asks", 0)
SMALL = Load("1,000 pictures a day", 1000 * DAYS)
LARGE = Load("1,000,000 pictures a month", 1e6)
LOADS = (SMALL, LARGE)


@dataclass(frozen=True)
class Bill:
    """A month's bill: what stands whatever happens, what the jobs add, and what came of it."""

    standing: tuple[Line, ...]
    working: tuple[Line, ...]
    use: Use

    @property
    def dollars(self) -> float:
        """The whole bill."""
        return total(self.standing) + total(self.working)

    @property
    def per_thousand(self) -> float:
        """Dollars for 1,000 pictures that users got."""
        return self.dollars / self.use.pictures * 1000


def instance_in(region: str) -> Instance:
    """The instance type of both architectures.

    Raises:
        KeyError: its price in the region is not known.
    """
    found = prices_file.load().instance(INSTANCE, region)
    if found is None:
        raise KeyError(f"no price of {INSTANCE} in {region}")
    return found


def _use(variant: Variant, load: Load, seed: int = SEED) -> Use:
    return month_of(day_of(variant, seed, load.jobs_per_day)) if load.pictures else Use()


def times_cheaper(load: Load, seed: int) -> float:
    """How many times cheaper a picture is than the original's, both through the same days."""
    ours = bill_of(_use(OURS, load, seed), instance_in(REGIONS[0]), counts())
    return bill_of_original(load, seed=seed).per_thousand / ours.per_thousand


def bill_of_original(load: Load, region: str = REGIONS[0], seed: int = SEED) -> Bill:
    """The original through a month of the load."""
    prices, known, use = prices_file.load(), counts(), _use(ORIGINAL, load, seed)
    working = original.working(use, instance_in(region), prices, known)
    return Bill(original.standing(prices, known), working, use)


def bill_of_ours(
    load: Load, region: str = REGIONS[0], variant: Variant = OURS, known: Counts | None = None
) -> Bill:
    """Ours, or a variant of it, or with other counts, through a month of the load."""
    return bill_of(_use(variant, load), instance_in(region), known or counts())


def bill_of(use: Use, instance: Instance, known: Counts) -> Bill:
    """Ours for what was used, on instances of a price."""
    prices = prices_file.load()
    working = ours.working(use, instance, SPOT_SHARE, prices, known, figures_file.load())
    return Bill(ours.standing(prices, known), working, use)
