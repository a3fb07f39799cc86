"""The simulated day, as tables."""

import math
from collections.abc import Iterable

from infra.capacity.day.arrivals import in_burst
from infra.capacity.day.outcome import Day, Fate, quantile
from infra.capacity.day.run import (
    COMPARED,
    LEVERS,
    ORIGINAL,
    OURS,
    SEED,
    day_of,
)
from infra.capacity.text import seconds, share, table

SEEDS = tuple(range(SEED, SEED + 10))
SOON = 60.0
NIGHT_ENDS = 7.5 * 3600


def _waits(day: Day, burst: bool) -> list[float]:
    return sorted(e.wait for e in day.ledger.endings if in_burst(e.job) is burst)


def morning_wait(day: Day) -> float:
    """The wait of the first job after the night."""
    first = min((e for e in day.ledger.endings if e.job.at >= NIGHT_ENDS), key=lambda e: e.job.at)
    return first.wait


def _row(day: Day) -> tuple[str, ...]:
    burst, rest = _waits(day, True), _waits(day, False)
    return (
        day.name,
        f"{day.count(Fate.ANSWERED):,} of {day.arrived:,}",
        f"{day.lost} ({day.count(Fate.REFUSED)} told)",
        f"{seconds(quantile(day.waits, 0.5))} / {seconds(quantile(day.waits, 0.95))}",
        f"{seconds(quantile(rest, 0.5))} / {seconds(quantile(rest, 0.95))}",
        f"{seconds(quantile(burst, 0.5))} / {seconds(quantile(burst, 0.95))}",
        seconds(morning_wait(day)),
        f"{day.gpu_hours:.1f}",
        f"{day.ledger.wasted_seconds / 3600:.2f}",
        str(day.ledger.killed_while_busy),
        f"{day.dollars:.2f} / {day.spot_dollars:.2f}",
    )


def _days(days: Iterable[Day]) -> str:
    return table(
        (
            "policy",
            "answered",
            "lost",
            "wait p50 / p95",
            "without the burst",
            "in the burst",
            "first of the morning",
            "GPU-hours",
            "of them in vain",
            "busy workers killed",
            "$ On-Demand / Spot",
        ),
        [_row(day) for day in days],
    )


def compared_table() -> str:
    """The policies through the same day."""
    return _days(day_of(variant) for variant in COMPARED)


def levers_table() -> str:
    """Ours, and one thing changed at a time."""
    return _days(day_of(variant) for variant in LEVERS)


def ratios() -> str:
    """Ours against the original, in sentences."""
    old, new = day_of(ORIGINAL), day_of(OURS)
    old_soon = sum(1 for wait in old.waits if wait <= SOON)
    new_soon = sum(1 for wait in new.waits if wait <= SOON)
    middle = quantile(old.waits, 0.5) / quantile(new.waits, 0.5)
    rest = quantile(_waits(old, False), 0.95) / quantile(_waits(new, False), 0.95)
    morning = morning_wait(old) / morning_wait(new)
    calm = sum(1 for wait in _waits(old, False) if math.isinf(wait))
    old_cost = old.dollars / old.count(Fate.ANSWERED) * 1000
    new_cost = new.dollars / new.count(Fate.ANSWERED) * 1000
    return "\n".join(
        (
            f"* lost: {old.lost} of {old.arrived:,} ({share(old.lost, old.arrived)}) with the "
            f"original's policy ({calm} of them outside the burst), {new.lost} with ours;",
            f"* half of the users wait {middle:.1f} times as long with the original's policy as "
            f"with ours; the 95th percentile outside the burst is {rest:.1f} times as long, the "
            f"first job of the morning {morning:.1f} times;",
            f"* answered within a minute: {share(old_soon, old.arrived)} against "
            f"{share(new_soon, new.arrived)};",
            f"* GPU-hours: {old.gpu_hours:.1f} against {new.gpu_hours:.1f} "
            f"({new.gpu_hours / old.gpu_hours:.2f} times), of which "
            f"{share(old.ledger.busy_seconds / 3600, old.gpu_hours)} and "
            f"{share(new.ledger.busy_seconds / 3600, new.gpu_hours)} were work; "
            f"dollars for 1,000 answers On-Demand: "
            f"{old_cost:.2f} against {new_cost:.2f}, and "
            f"{new.spot_dollars / new.count(Fate.ANSWERED) * 1000:.2f} on Spot.",
        )
    )


def seeds_table() -> str:
    """How much of it is chance: ten days with other seeds."""
    rows = []
    for variant in COMPARED:
        days = [day_of(variant, seed) for seed in SEEDS]
        p95 = sorted(quantile(_waits(day, False), 0.95) for day in days)
        hours = sorted(day.gpu_hours for day in days)
        lost = sorted(100 * day.lost / day.arrived for day in days)
        rows.append(
            (
                variant.name,
                f"{lost[0]:.1f} to {lost[-1]:.1f} %",
                f"{seconds(p95[0])} to {seconds(p95[-1])}",
                f"{hours[0]:.1f} to {hours[-1]:.1f}",
            )
        )
    return table(("policy", "lost", "wait p95 without the burst", "GPU-hours"), rows)
