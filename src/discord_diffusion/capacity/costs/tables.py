"""The bills as tables, for `docs/costs.md`."""

from collections.abc import Iterator, Sequence

from discord_diffusion.capacity import prices as prices_file
from discord_diffusion.capacity.costs.compare import (
    IDLE,
    LOADS,
    REGIONS,
    Bill,
    Load,
    bill_of_original,
    bill_of_ours,
)
from discord_diffusion.capacity.costs.lines import Counts, Line, counts, total
from discord_diffusion.capacity.day.run import GROUP_WOKEN, OURS, RELEASED, SHORT, Variant
from discord_diffusion.capacity.figures import Figure
from discord_diffusion.capacity.text import number, table, text_table

_LEVERS = (OURS, GROUP_WOKEN, RELEASED, SHORT)
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
    rows = []
    for load in (IDLE, *LOADS):
        old, new = bill_of_original(load), bill_of_ours(load)
        rows.append(_row(load, "original", old, ""))
        if load.pictures:
            times = f"**{old.per_thousand / new.per_thousand:.1f}**"
        else:
            times = f"{old.dollars / new.dollars:.1f}"
        rows.append(_row(load, "ours", new, times))
    header = ("load", "whose", "GPU-hours", "pictures delivered", "$ standing", "$ a month")
    return table((*header, "$ per 1,000 pictures", "times cheaper"), rows)


def levers_table() -> str:
    """How many times cheaper per picture than the original, by what is changed and where."""
    known = counts()
    slow_disk = known.but(ours_volume_throughput=125)
    light = slow_disk.but(answer_gigabytes=_SMALL_PICTURES)
    rows = [(variant.name, *_times(variant, known)) for variant in _LEVERS]
    rows += [
        ("ours; disks of 125 MB/s", *_times(OURS, slow_disk)),
        ("ours; disks of 125 MB/s, pictures as WebP", *_times(OURS, light)),
        ("ours; all of it", *_times(SHORT, light)),
    ]
    names = [f"{load.name}, {region}" for region in REGIONS for load in LOADS]
    return table(("variant", *names), rows)


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
