"""The simulated day and the bills of a month, as tables."""

from collections.abc import Iterator, Sequence

from infra.capacity.bill import (
    COMMUNITY_SIZES,
    DAYS,
    IDLE,
    LARGE,
    LOADS,
    REGIONS,
    Bill,
    Line,
    Load,
    bill,
    community,
    total,
)
from infra.capacity.figures import Figures, counts, instances, prices
from infra.capacity.simulation.day import (
    BEST,
    DEFAULT,
    HOLD_5_MINUTES,
    HOLD_15_MINUTES,
    PROVIDER_ALONE,
    SECOND_INSTANCE,
    SEED,
    VARIANTS,
    WARM_POOL,
    Variant,
    day_of,
)
from infra.capacity.simulation.jobs import in_burst
from infra.capacity.simulation.outcome import Day, Fate, quantile
from infra.capacity.tables.markdown import number, seconds, sources_table, table, text_table
from infra.capacity.tables.thousand import PNG_GIGABYTES

SEEDS = tuple(range(SEED, SEED + 10))
NIGHT_ENDS = 7.5 * 3600
_BILLED_VARIANTS = (
    *(DEFAULT, BEST, HOLD_5_MINUTES, HOLD_15_MINUTES, SECOND_INSTANCE, PROVIDER_ALONE),
)


def days_table() -> str:
    """Every variant through the same day."""
    header = ("variant", "answered", "wait p50 / p95", "without the burst", "in the burst")
    more = ("first of the morning", "GPU-hours", "$ On-Demand / Spot")
    return table((*header, *more), [_day_row(variant) for variant in VARIANTS])


def _day_row(variant: Variant) -> tuple[str, ...]:
    day = day_of(variant)
    spot = "none" if variant.pool_boot else f"{day.dollars(1):.2f}"
    return (
        day.name,
        f"{day.count(Fate.ANSWERED):,} of {day.arrived:,}",
        _median_and_p95(day.waits),
        _median_and_p95(_waits(day, burst=False)),
        _median_and_p95(_waits(day, burst=True)),
        seconds(morning_wait(day)),
        f"{day.gpu_hours:.1f}",
        f"{day.dollars(0):.2f} / {spot}",
    )


def _median_and_p95(waits: Sequence[float]) -> str:
    return f"{seconds(quantile(waits, 0.5))} / {seconds(quantile(waits, 0.95))}"


def _waits(day: Day, *, burst: bool) -> list[float]:
    return sorted(e.wait for e in day.ledger.endings if in_burst(e.job) is burst)


def morning_wait(day: Day) -> float:
    """The wait of the first job after the night."""
    first = min((e for e in day.ledger.endings if e.job.at >= NIGHT_ENDS), key=lambda e: e.job.at)
    return first.wait


def seeds_sentence() -> str:
    """The spread of the results over ten days with other seeds."""
    days = [day_of(DEFAULT, seed) for seed in SEEDS]
    p95 = sorted(quantile(_waits(day, burst=False), 0.95) for day in days)
    hours = sorted(day.gpu_hours for day in days)
    lost = sorted(100 * day.lost / day.arrived for day in days)
    return (
        f"Over {len(SEEDS)} days with other seeds, from the lowest to the highest: "
        f"{lost[0]:.1f} to {lost[-1]:.1f} % of the jobs get no pictures, the 95th percentile of "
        f"the wait without the burst is {seconds(p95[0])} to {seconds(p95[-1])}, and instances "
        f"are up for {hours[0]:.1f} to {hours[-1]:.1f} hours."
    )


def communities_table() -> str:
    """What a month costs for communities of some sizes, in the default region."""
    loads = (IDLE, *(community(members) for members in COMMUNITY_SIZES))
    header = ("community", "pictures a month", "GPU-hours", "$ a month on Spot", "$ on demand")
    return table(
        (*header, "$ on Spot, two instances a wake-up"), [_community_row(load) for load in loads]
    )


def _community_row(load: Load) -> tuple[str, ...]:
    usual, worst = bill(load), bill(load, variant=SECOND_INSTANCE)
    return (
        load.name,
        f"{usual.use.pictures:,.0f}",
        number(usual.use.instance_hours),
        f"**{usual.dollars:,.2f}**",
        f"{bill(load, spot_share=0).dollars:,.2f}",
        f"{worst.dollars:,.2f}",
    )


def months_table() -> str:
    """The bill of a month, by region and load."""
    rows = [
        (region, load.name, *_bill_cells(bill(load, region)))
        for region in REGIONS
        for load in (IDLE, *LOADS)
    ]
    header = ("region", "load", "GPU-hours", "pictures delivered", "$ standing")
    return table((*header, "$ a month", "$ per 1,000 pictures"), rows)


def _bill_cells(found: Bill) -> tuple[str, ...]:
    return (
        number(found.use.instance_hours),
        f"{found.use.pictures:,.0f}",
        f"{total(found.standing):,.2f}",
        f"{found.dollars:,.2f}",
        f"{found.per_thousand:.3f}" if found.use.pictures else "",
    )


def variants_table() -> str:
    """Dollars for 1,000 pictures, by changed setting, region and load."""
    volumes = counts().changed(volume_gigabytes=60, volume_throughput=500)
    heavy = counts().changed(answer_gigabytes=PNG_GIGABYTES)
    rows = [(variant.name, *_per_thousand(variant, counts())) for variant in _BILLED_VARIANTS]
    rows += [
        ("images on volumes of 60 GB and 500 MB/s", *_per_thousand(DEFAULT, volumes)),
        ("pictures as PNG", *_per_thousand(DEFAULT, heavy)),
    ]
    names = [f"{load.name}, {region}" for region in REGIONS for load in LOADS]
    return table(("variant", *names), rows)


def _per_thousand(variant: Variant, counted: Figures) -> Iterator[str]:
    for region in REGIONS:
        for load in LOADS:
            yield f"{bill(load, region, variant, counted).per_thousand:.3f}"


def warm_pool_table() -> str:
    """A month with a warm pool of one instance beside other settings, by community."""
    loads = (IDLE, *(community(members) for members in COMMUNITY_SIZES))
    header = ("community", "$ default, on Spot", "$ 15 minutes of holding, on Spot")
    more = ("$ on demand", "$ warm pool of one", "its fillings", "jobs that wait over a minute")
    return table((*header, *more), [_warm_pool_row(load) for load in loads])


def _warm_pool_row(load: Load) -> tuple[str, ...]:
    found = (
        bill(load),
        bill(load, variant=HOLD_15_MINUTES),
        bill(load, spot_share=0),
        bill(load, variant=WARM_POOL),
    )
    cells = (load.name, *(f"{one.dollars:,.2f}" for one in found))
    if not load.pictures:
        return (*cells, "0", "")
    variants = (DEFAULT, HOLD_15_MINUTES, WARM_POOL)
    days = [day_of(variant, jobs=load.jobs_per_day) for variant in variants]
    slow = (sum(wait > 60 for wait in day.waits) / len(day.waits) for day in days)
    shares = " / ".join(f"{100 * share:.0f} %" for share in slow)
    return (*cells, number(days[-1].ledger.pool_fillings * DAYS), shares)


def idle_table() -> str:
    """An idle month, line by line."""
    return _lines(bill(IDLE).standing)


def busy_table() -> str:
    """What a month of the larger load adds, line by line."""
    return _lines(bill(LARGE).working)


def _lines(lines: Sequence[Line]) -> str:
    rows = [
        (line.name, number(line.count), f"{line.each:.3g}", f"{line.dollars:.3f}") for line in lines
    ]
    rows.append(("**in all**", "", "", f"**{total(lines):.2f}**"))
    return table(("line", "how many", "$ each", "$ a month"), rows)


def counts_table() -> str:
    """Every count with its source."""
    return sources_table(counts().numbers)


def prices_table() -> str:
    """Every price with its source."""
    rows = [
        (
            instance.type,
            instance.region,
            str(instance.dollars),
            str(instance.spot_dollars),
            instance.source,
            instance.read.isoformat(),
        )
        for instance in instances()
    ]
    header = ("instance", "region", "$/h on demand", "$/h Spot", "source", "read")
    return f"{sources_table(prices().numbers)}\n\n{text_table(header, rows)}"
