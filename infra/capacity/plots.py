"""The plots of docs/capacity.md. Only this module needs matplotlib (extra `capacity`)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from infra.capacity.figures import boots, compared_speeds, figures
from infra.capacity.limits import FLEET, Deployment, binding, limits
from infra.capacity.simulation.day import (
    DEFAULT,
    HOLD_15_MINUTES,
    PROVIDER_ALONE,
    SEED,
    day_of,
)
from infra.capacity.simulation.jobs import BURST_AT, DAY, HOUR, TOKEN_SECONDS, arrivals
from infra.capacity.simulation.outcome import Day, Sample
from infra.capacity.tables.limits import STAGES, STARTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT = "#24292f", "#8c959f"
ORANGE, BLUE, GREEN, PURPLE = "#c2570c", "#0b63c5", "#1a7f37", "#7d4fc3"
BIN = 600.0

# Letters are drawn as paths, so that they look the same everywhere; same input, same bytes.
SETTINGS: Any = {
    "svg.fonttype": "path",
    "svg.hashsalt": "discord-diffusion",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e9ed",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "path.simplify": True,
    "path.simplify_threshold": 0.3,
}


def throughput() -> Canvas:
    """Requests a second against the size of the fleet, up to the limit that binds."""
    quotas = figures()
    canvas = Canvas(figsize=(8.6, 5.2), layout="constrained")
    axes = canvas.subplots()
    sizes = sorted({*(round(10 ** (exponent / 20)) for exponent in range(20, 79)), 5000})
    for speed, colour in zip(compared_speeds(), (ORANGE, PURPLE, BLUE, GREEN), strict=True):
        found = [binding(limits(Deployment("us-west-1", size, speed.seconds))) for size in sizes]
        rates = [limit.requests_per_second for limit in found]
        name = f"{speed.name}: {speed.seconds:g} s a job"
        axes.plot(sizes, rates, color=colour, linewidth=2, label=name)
        first = next(i for i, limit in enumerate(found) if limit.name != FLEET)
        axes.plot(sizes[first], rates[first], "o", color=colour, markersize=6)
    _limit_line(axes, quotas["sqs_fifo_actions"], "SQS FIFO, normal mode: 300")
    _limit_line(axes, quotas["sqs_high_throughput_other"], "SQS high throughput, us-west-1: 2,400")
    _limit_line(axes, quotas["api_gateway_requests"], "API Gateway and Lambda: 10,000")
    axes.axhline(1000, color=INK, linewidth=1)
    axes.text(10.5, 1060, "1,000 a second", fontsize=9, va="bottom")
    axes.axvline(5000, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
    axes.text(5250, 14, "ECS: 5,000 tasks\nin a service", fontsize=9, va="bottom", color=INK)
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], names[::-1], loc="lower right", bbox_to_anchor=(0.82, 0.02))
    axes.set(xscale="log", yscale="log", xlim=(10, 14_000), ylim=(0.45, 20_000))
    axes.set(xlabel="tasks (one GPU each)", ylabel="requests a second")
    axes.set_xticks([10, 100, 1000, 5000], ["10", "100", "1,000", "5,000"])
    axes.set_yticks([1, 10, 100, 1000, 10_000], ["1", "10", "100", "1,000", "10,000"])
    axes.minorticks_off()
    axes.set_title("What a deployment can finish; dots: where a quota binds", loc="left")
    return canvas


def _limit_line(axes: "Axes", rate: float, name: str) -> None:
    axes.axhline(rate, color=FAINT, linestyle=(0, (4, 3)), linewidth=1)
    axes.text(10.5, rate * 1.06, name, fontsize=9, color=INK, va="bottom")


def _stepped_line(
    day: Day, value: Callable[[Sample], int], every: int = 1
) -> tuple[list[float], list[int]]:
    """Hours and values for a stepped line: a point wherever the value changes, and the last."""
    hours: list[float] = []
    values: list[int] = []
    samples = [sample for sample in day.ledger.samples if sample.at <= DAY][::every]
    for sample in samples:
        if not values or value(sample) != values[-1] or sample is samples[-1]:
            hours.append(sample.at / HOUR)
            values.append(value(sample))
    return hours, values


def the_day() -> Canvas:
    """Arrivals, queue and fleet over the day."""
    day = day_of(DEFAULT)
    canvas = Canvas(figsize=(8.6, 5.8), layout="constrained")
    arriving, queue, fleet = canvas.subplots(3, 1, sharex=True, height_ratios=[1, 1.3, 1])
    bins = [start * BIN / HOUR for start in range(int(DAY / BIN) + 1)]
    arriving.hist([job.at / HOUR for job in arrivals(SEED)], bins=bins, color=INK)
    arriving.set_title("jobs arriving in ten minutes", loc="left")
    arriving.annotate(
        "burst of 200",
        (BURST_AT / HOUR, 195),
        xytext=(-8, -4),
        textcoords="offset points",
        ha="right",
        fontsize=9,
    )
    backlog = _stepped_line(day, lambda sample: sample.backlog, every=2)
    queue.step(*backlog, where="post", color=BLUE, linewidth=1.2)
    queue.set_title("jobs waiting or in work", loc="left")
    instances = _stepped_line(day, lambda sample: sample.instances)
    fleet.fill_between(*instances, step="post", color=BLUE, alpha=0.25, linewidth=0)
    tasks = _stepped_line(day, lambda sample: sample.tasks)
    fleet.step(*tasks, where="post", color=BLUE, linewidth=1.2)
    hours = f"{day.gpu_hours:.1f} GPU-hours, {day.lost} jobs without pictures"
    fleet.set_title(f"tasks (line) on instances (area); {hours}", loc="left")
    fleet.set_ylim(0, 11)
    fleet.set_yticks([0, 5, 10])
    fleet.set_xlim(0, 24)
    fleet.set_xticks(range(0, 25, 3), [f"{hour:02d}:00" for hour in range(0, 25, 3)])
    return canvas


def _answered_within(waits: Sequence[float]) -> tuple[list[float], list[float]]:
    """A curve of a few hundred points: times, and the percentage of jobs answered within each."""
    times = [10 ** (exponent / 100) for exponent in range(50, 301)]
    return times, [100 * sum(1 for wait in waits if wait <= time) / len(waits) for time in times]


def waits() -> Canvas:
    """The share of all jobs that is answered within a time."""
    canvas = Canvas(figsize=(8.6, 4.6), layout="constrained")
    axes = canvas.subplots()
    for variant, colour in ((HOLD_15_MINUTES, GREEN), (PROVIDER_ALONE, PURPLE), (DEFAULT, BLUE)):
        curve = _answered_within(day_of(variant).waits)
        axes.plot(*curve, color=colour, linewidth=2, label=variant.name)
    axes.legend(loc="lower right", bbox_to_anchor=(0.93, 0.06))
    axes.axvline(TOKEN_SECONDS, color=INK, linewidth=1)
    axes.text(TOKEN_SECONDS * 0.97, 4, "the token ends", rotation=90, ha="right", fontsize=9)
    ticks = [5, 10, 20, 60, 120, 300, 900]
    names = ["5 s", "10 s", "20 s", "1 min", "2 min", "5 min", "15 min"]
    axes.set(xscale="log", xlim=(5, 1000), ylim=(0, 102), xlabel="from the request to the pictures")
    axes.set_xticks(ticks, names)
    axes.set_yticks(range(0, 101, 20), [f"{share} %" for share in range(0, 101, 20)])
    axes.minorticks_off()
    axes.set_title("Share of all jobs that is answered within a time", loc="left")
    return canvas


def starts() -> Canvas:
    """The stages of a start from zero, by variant."""
    canvas = Canvas(figsize=(8.6, 3.2), layout="constrained")
    axes = canvas.subplots()
    variants = list(STARTS)[::-1]
    found = [boots()[STARTS[name]] for name in variants]
    left = [0.0] * len(found)
    for (stage, name), colour in zip(STAGES.items(), (FAINT, BLUE, ORANGE, GREEN), strict=True):
        widths = [boot.seconds(stage) for boot in found]
        axes.barh(variants, widths, left=left, color=colour, height=0.6, label=name)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    for row, end in enumerate(left):
        label = axes.text(end + 2, row, f"{end:g} s", va="center", fontsize=9)
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1})
    axes.axvline(90, color=INK, linestyle=(0, (4, 3)), linewidth=1)
    axes.set(xlim=(0, 250), xlabel="seconds from the first job to a worker that receives it")
    axes.set_xticks(range(0, 251, 30))
    axes.grid(visible=False, axis="y")
    canvas.legend(loc="outside lower center", ncols=4, fontsize=9)
    axes.set_title("A start from zero, by the model", loc="left")
    return canvas


PLOTS: dict[str, Callable[[], Canvas]] = {
    "capacity-throughput": throughput,
    "capacity-day": the_day,
    "capacity-waits": waits,
    "capacity-start": starts,
}


def draw_all(folder: Path, file_format: str) -> list[Path]:
    """Draw every plot into `folder`; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with mpl.rc_context(SETTINGS):
        for name, draw in PLOTS.items():
            canvas = draw()
            FigureCanvasAgg(canvas)
            path = folder / f"{name}.{file_format}"
            metadata = {"Date": None} if file_format == "svg" else None
            canvas.savefig(path, format=file_format, dpi=110, facecolor="white", metadata=metadata)
            paths.append(path)
    return paths
