"""The bills as tables, for `docs/costs.md`."""

import math
from collections.abc import Callable, Iterator, Sequence

from infra.capacity import prices as prices_file
from infra.capacity.costs.compare import (
    IDLE,
    LOADS,
    REGIONS,
    Bill,
    Load,
    bill_of_original,
    bill_of_ours,
    times_cheaper,
)
from infra.capacity.costs.lines import (
    Counts,
    Line,
    counts,
    total,
)
from infra.capacity.costs.sensitivity import (
    BREAK_EVENS,
    DOUBTS,
    WORST,
    Doubt,
    break_even,
    times_cheaper_if,
)
from infra.capacity.day.run import (
    FIVE_MINUTES,
    HELD,
    OURS,
    PROVIDER_ALONE,
    Variant,
)
from infra.capacity.figures import Figure
from infra.capacity.text import number, table, text_table

_LEVERS = (OURS, FIVE_MINUTES, HELD, PROVIDER_ALONE)
_OTHER_DAYS = range(1, 6)
FIVE = 5.0
"""How many times cheaper a picture is meant to be."""
_SMALL_PICTURES = 0.0004
"""GB of a job's answer as WebP of quality 92, four pictures of 0.1 MB: an assumption."""


def _money(dollars: float) -> str:
    return f"{dollars:,.2f}"


def _row(load: Load, whose: str, bill: Bill, times: str) -> tuple[str, ...]:
    return (
        load.name,
        whose,
        number(bill.use.instance_hours),
        f"{bill.use.pictures:,.0f}",
        _money(total(bill.standing)),
        _money(bill.dollars),
        f"{bill.per_thousand:.3f}" if bill.use.pictures else "",
        times,
    )


def compared_table() -> str:
    """Both architectures, load by load."""
    rows = [row for region in REGIONS for row in _compared(region)]
    header = ("region", "load", "whose", "GPU-hours", "pictures delivered", "$ standing")
    return table((*header, "$ a month", "$ per 1,000 pictures", "times cheaper"), rows)


def _compared(region: str) -> Iterator[tuple[str, ...]]:
    for load in (IDLE, *LOADS):
        old, new = bill_of_original(load, region), bill_of_ours(load, region)
        yield (region, *_row(load, "original", old, ""))
        if load.pictures:
            times = f"**{old.per_thousand / new.per_thousand:.1f}**"
        else:
            times = f"{old.dollars / new.dollars:.1f}"
        yield (region, *_row(load, "ours", new, times))


def levers_table() -> str:
    """How many times cheaper per picture than the original, by what is changed and where."""
    known = counts()
    volumes = known.but(ours_volume_gigabytes=60, ours_volume_throughput=500)
    light = known.but(answer_gigabytes=_SMALL_PICTURES)
    rows = [(variant.name, *_times(variant, known)) for variant in _LEVERS]
    rows += [
        ("ours; images on volumes of 60 GB and 500 MB/s", *_times(OURS, volumes)),
        ("ours; pictures as WebP", *_times(OURS, light)),
    ]
    names = [f"{load.name}, {region}" for region in REGIONS for load in LOADS]
    return table(("variant", *names), rows)


def sensitivity_table() -> str:
    """How many times cheaper it would be, if a figure of ours were worse than it is taken for."""
    rows = [
        (doubt.name, *(f"**{times_cheaper_if(doubt, load):.1f}**" for load in LOADS))
        for doubt in DOUBTS
    ]
    rows.append((f"{len(_OTHER_DAYS)} other days of the same shape", *map(_other_days, LOADS)))
    rows += [
        (f"{FIVE:g} times cheaper bears {name}", *(_percent(doubt, load) for load in LOADS))
        for name, doubt in BREAK_EVENS
    ]
    return table((f"in {REGIONS[0]}, if", *(load.name for load in LOADS)), rows)


def _percent(doubt: Callable[[float], Doubt], load: Load) -> str:
    """By how much something may be worse; rounded down, for a promise is to hold."""
    found = break_even(doubt, load, FIVE)
    more = " or more" if found == WORST else ""
    return f"{math.floor(100 * (found - 1))} %{more}"


def _other_days(load: Load) -> str:
    found = [times_cheaper(load, seed) for seed in _OTHER_DAYS]
    return f"{min(found):.1f} to {max(found):.1f}"


def _times(variant: Variant, known: Counts) -> Iterator[str]:
    for region in REGIONS:
        for load in LOADS:
            old = bill_of_original(load, region).per_thousand
            new = bill_of_ours(load, region, variant, known).per_thousand
            yield f"{new:.3f}: **{old / new:.1f}**"


def _lines(lines: Sequence[Line]) -> str:
    rows = [
        (line.name, number(line.count), f"{line.each:.3g}", f"{line.dollars:.3f}") for line in lines
    ]
    rows.append(("**in all**", "", "", f"**{total(lines):.2f}**"))
    return table(("line", "how many", "$ each", "$ a month"), rows)


def idle_table() -> str:
    """An idle month of ours, item by item."""
    return _lines(bill_of_ours(IDLE).standing)


def idle_original_table() -> str:
    """An idle month of the original, item by item."""
    return _lines(bill_of_original(IDLE).standing)


def busy_table() -> str:
    """What a month of the larger load adds to ours, item by item."""
    return _lines(bill_of_ours(LOADS[-1]).working)


def busy_original_table() -> str:
    """What a month of the larger load adds to the original, item by item."""
    return _lines(bill_of_original(LOADS[-1]).working)


def _sources(figures: dict[str, Figure]) -> str:
    rows = [
        (
            key.replace("_", " "),
            f"{figure.value:.3g}",
            figure.unit,
            figure.mark.value,
            figure.source + (f" ({figure.note})" if figure.note else ""),
            figure.read.isoformat(),
        )
        for key, figure in figures.items()
    ]
    return text_table(("what", "value", "unit", "known as", "source", "read"), rows)


def counts_table() -> str:
    """How much of what is charged for, with where it comes from."""
    return _sources(dict(counts().numbers))


def prices_table() -> str:
    """Every price with its source."""
    prices = prices_file.load()
    rows = [
        (
            one.type,
            one.region,
            str(one.dollars),
            str(one.spot_dollars),
            one.source,
            one.read.isoformat(),
        )
        for one in prices.instances
    ]
    header = ("instance", "region", "$/h on demand", "$/h Spot", "source", "read")
    return f"{_sources(dict(prices.numbers))}\n\n{text_table(header, rows)}"
