"""The tables of docs/capacity.md: limits, fleets, waits and boots."""

from infra.capacity import figures
from infra.capacity.figures import Speed, Stage, compared_speeds, speeds
from infra.capacity.limits import (
    FLEET,
    Deployment,
    binding,
    front_limits,
    growth,
    limits,
    tasks_for,
)
from infra.capacity.queueing import awake_wait
from infra.capacity.tables.markdown import number, seconds, sources_table, table, text_table

EXAMPLE_RATE = 1000.0
"""Requests a second, for the table of the needs of a large rate."""
REGIONS = ("us-east-1", "us-east-2", "us-west-1")
FLEETS = (10, 100, 1000, 5000)
GPU_QUOTAS = (0, 4, 64, 768, 20_000)
FIRST_JOB = "T4, four LCM steps"
ARRIVALS_PER_HOUR = (12, 60, 360, 1200, 3600, 36_000)


def summary() -> str:
    """The requests that one deployment accepts and finishes, in sentences."""
    most = figures.figures().count("ecs_tasks_per_service")
    fronts = [binding(front_limits(region, True)).requests_per_second for region in REGIONS]
    rates = {
        speed: _rate(Deployment(REGIONS[0], most, speed.seconds)) for speed in compared_speeds()
    }
    finished = "; ".join(
        f"{number(rate)} with {speed.seconds:g} s a job ({speed.name})"
        for speed, rate in rates.items()
    )
    fleets = " or ".join(
        f"{tasks_for(EXAMPLE_RATE, speed.seconds):,} tasks on {speed.instance} "
        f"with {speed.seconds:g} s a job"
        for speed, rate in rates.items()
        if rate >= EXAMPLE_RATE
    )
    return "\n".join(
        (
            f"* It **accepts** {number(min(fronts))} requests a second in the slowest region "
            f"listed and {number(max(fronts))} in the fastest, with the FIFO queue in high "
            "throughput mode.",
            f"* It **finishes**, in {REGIONS[0]} with the {most:,} tasks a service may have: "
            f"{finished}.",
            f"* **{EXAMPLE_RATE:,.0f} requests a second** fit into one deployment: {fleets}.",
        )
    )


def _rate(deployment: Deployment) -> float:
    """Requests a second that a deployment finishes."""
    return binding(limits(deployment)).requests_per_second


def front_table() -> str:
    """The requests that are accepted, whatever the fleet, by region and mode of the queue."""
    rows = []
    for region in REGIONS:
        for high in (True, False):
            found = front_limits(region, high)
            lowest = binding(found)
            rows.append(
                (
                    region,
                    "high throughput" if high else "normal",
                    *(number(limit.requests_per_second) for limit in found),
                    f"**{number(lowest.requests_per_second)}**: {lowest.name}",
                )
            )
    header = ("region", "FIFO mode", "SQS, each action", "API Gateway", "Lambda")
    return table((*header, "accepted; binds"), rows)


def _finished(region: str, high: bool, tasks: int) -> tuple[str, ...]:
    cells = []
    for speed in compared_speeds():
        deployment = Deployment(region, tasks, speed.seconds, high_throughput=high)
        lowest = binding(limits(deployment))
        name = "" if lowest.name == FLEET else f" {lowest.name}"
        cells.append(f"**{number(lowest.requests_per_second)}**{name}")
    return tuple(cells)


def _names(known: tuple[Speed, ...]) -> list[str]:
    return [f"{speed.seconds:g} s a job" for speed in known]


def fleets_table() -> str:
    """Region x fleet x seconds a job: requests a second, and what binds if not the fleet."""
    rows = []
    vcpus = compared_speeds()[0].vcpus
    for tasks in FLEETS:
        regions_by_cells: dict[tuple[str, ...], list[str]] = {}
        for region in REGIONS:
            regions_by_cells.setdefault(_finished(region, True, tasks), []).append(region)
        normal = _finished(REGIONS[0], False, tasks)
        regions_by_cells.setdefault(normal, []).append("any, FIFO in normal mode")
        for cells, regions in regions_by_cells.items():
            where = "all" if len(regions_by_cells) == 1 else ", ".join(regions)
            rows.append((where, f"{tasks:,}", f"{tasks * vcpus:,}", *cells))
    return table(("region", "tasks", "GPU vCPUs", *_names(compared_speeds())), rows)


def quota_table() -> str:
    """The requests a second that an account's quota of GPU vCPUs allows."""
    most = figures.figures().count("ecs_tasks_per_service")

    def rate(speed: Speed, vcpus: int) -> str:
        deployment = Deployment(
            REGIONS[0], most, speed.seconds, gpu_vcpus=vcpus, vcpus_per_task=speed.vcpus
        )
        return number(_rate(deployment))

    rows = [
        (
            f"{vcpus:,}",
            f"{vcpus // compared_speeds()[0].vcpus:,}",
            *(rate(speed, vcpus) for speed in compared_speeds()),
        )
        for vcpus in GPU_QUOTAS
    ]
    return table(("quota of G and VT vCPUs", "tasks", *_names(compared_speeds())), rows)


def example_rate_table() -> str:
    """The tasks, services, quotas and dollars that a thousand requests a second need."""
    rows = []
    for speed in compared_speeds():
        tasks = tasks_for(EXAMPLE_RATE, speed.seconds)
        services = -(-tasks // figures.figures().count("ecs_tasks_per_service"))
        growth_seconds, binds = growth(tasks)
        hourly, spot = tasks * speed.price.dollars, tasks * speed.price.spot_dollars
        thousand_jobs = 1000 / EXAMPLE_RATE / 3600
        rows.append(
            (
                f"{speed.name} ({speed.instance}, {speed.seconds:g} s)",
                f"{tasks:,}",
                f"**{services}**" if services == 1 else str(services),
                f"{tasks * speed.vcpus:,}",
                f"{seconds(growth_seconds)}: {binds}",
                f"{hourly:,.0f} / {spot:,.0f}",
                f"{hourly * thousand_jobs:.2f} / {spot * thousand_jobs:.2f}",
            )
        )
    header = ("worker", "tasks", "services", "GPU vCPU quota", "from zero; binds")
    return table((*header, "$/h On-Demand / Spot", "$ per 1,000 jobs"), rows)


def awake_table() -> str:
    """Tasks and mean wait by arrival rate, with the fleet awake."""
    rows = []
    for hourly in ARRIVALS_PER_HOUR:
        waits = [awake_wait(hourly / 3600, speed.seconds) for speed in compared_speeds()[:3]]
        rows.append((f"{hourly:,}", *(f"{tasks:,}: {mean:.1f} s" for tasks, mean in waits)))
    return table(("jobs an hour", *_names(compared_speeds()[:3])), rows)


def boot_table() -> str:
    """The steps from a sleeping fleet to a working task."""
    boot, alone = figures.boots()["deployed"], figures.boots()["provider_alone"]
    rows = [(step.name, f"{step.seconds:g} s", step.mark.value, step.note) for step in boot.steps]
    rows.append(("**in all**", f"**{boot.total_seconds:g} s**", "", ""))
    why = "; ".join(f"{step.name}: {step.seconds:g} s" for step in alone.steps[:2])
    name = "in all, instances left to the capacity provider"
    rows.append((name, f"{alone.total_seconds:g} s", "", why))
    return text_table(("step", "takes", "known as", "how"), rows)


STARTS = {
    "default": "deployed",
    "layers by zstd": "zstd",
    "warm pool": "warm_pool",
    "warm pool, volume of 250 MB/s": "warm_pool_250",
}
"""Variants of a start, and their boots."""
STAGES = {
    Stage.CONTROL: "wake-up",
    Stage.INSTANCE: "instance: launch or start, boot, agent",
    Stage.IMAGE: "image",
    Stage.WORKER: "worker: imports, model, warm-up",
}
"""The stages of a start, in order."""


def starts_table() -> str:
    """The stages of a start, by variant, and the first picture."""
    found = [figures.boots()[name] for name in STARTS.values()]
    job = figures.speed(FIRST_JOB).seconds
    rows = [
        (name, *(f"{boot.seconds(stage):g} s" for boot in found)) for stage, name in STAGES.items()
    ]
    rows.append(("**ready**", *(f"**{boot.total_seconds:g} s**" for boot in found)))
    pictures = (f"{boot.total_seconds + job:.0f} s" for boot in found)
    rows.append((f"its first four pictures, {job:g} s more", *pictures))
    return table(("stage", *STARTS), rows)


def figures_table() -> str:
    """Every figure of the model with its source, and every speed."""
    rows = [
        (
            f"job on {speed.name}",
            f"{speed.seconds:g} s",
            speed.instance,
            speed.mark.value,
            f"{speed.source} ({speed.note})",
        )
        for speed in speeds()
    ]
    header = ("what", "value", "instance", "known as", "source")
    return f"{sources_table(figures.figures().numbers)}\n\n{text_table(header, rows)}"
