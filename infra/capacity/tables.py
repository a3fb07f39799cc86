"""What a deployment can take, as tables."""

from infra.capacity.figures import Figures
from infra.capacity.limits import (
    FLEET,
    Deployment,
    binding,
    front_limits,
    growth,
    limits,
    tasks_for,
)
from infra.capacity.original import claims
from infra.capacity.text import (
    number,
    seconds,
    table,
    text_table,
)
from infra.capacity.waits import awake_wait

AIM = 1000.0
REGIONS = ("us-east-1", "us-east-2", "us-west-1")
FLEETS = (10, 100, 1000, 5000)
GPU_QUOTAS = (0, 4, 64, 768, 20_000)
ARRIVALS_PER_HOUR = (12, 60, 360, 1200, 3600, 36_000)


def answer(figures: Figures) -> str:
    """What one deployment takes, in sentences."""
    most = figures.count("ecs_tasks_per_service")
    fronts = [binding(front_limits(region, True, figures)) for region in REGIONS]
    least = min(front.requests_per_second for front in fronts)
    best = max(front.requests_per_second for front in fronts)
    reached = [
        (speed, binding(limits(Deployment(REGIONS[0], most, speed.seconds), figures)))
        for speed in figures.speeds
    ]
    finished = "; ".join(
        f"{number(limit.requests_per_second)} with {speed.seconds:g} s a job ({speed.name})"
        for speed, limit in reached
    )
    enough = [speed for speed, limit in reached if limit.requests_per_second >= AIM]
    fleets = " or ".join(
        f"{tasks_for(AIM, speed.seconds):,} tasks on {speed.instance} "
        f"with {speed.seconds:g} s a job"
        for speed in enough
    )
    return "\n".join(
        (
            f"* It **accepts** {number(least)} requests a second in the slowest region listed and "
            f"{number(best)} in the fastest, with the FIFO queue in high throughput mode.",
            f"* It **finishes**, in {REGIONS[0]} with the {most:,} tasks a service may have: "
            f"{finished}.",
            f"* **{AIM:,.0f} requests a second** fit into one deployment: {fleets}.",
        )
    )


def claims_table(figures: Figures) -> str:
    """The original's published figures, from its own premises, and what holds today."""
    return text_table(
        ("requests/s", "requests a month", "pictures a month", "its reasoning", "today"),
        [
            (
                f"**{claim.requests_per_second:,.0f}**",
                f"{claim.requests_per_month:,.0f}",
                f"{claim.pictures_per_month:,.0f}",
                claim.reasoning,
                claim.today,
            )
            for claim in claims(figures)
        ],
    )


def front_table(figures: Figures) -> str:
    """What is accepted, whatever the fleet, by region and mode of the queue."""
    rows = []
    for region in REGIONS:
        for high in (True, False):
            found = front_limits(region, high, figures)
            lowest = binding(found)
            rows.append(
                (
                    region,
                    "high throughput" if high else "normal",
                    *(number(limit.requests_per_second) for limit in found),
                    f"**{number(lowest.requests_per_second)}**: {lowest.name}",
                )
            )
    return table(
        ("region", "FIFO mode", "SQS, each action", "API Gateway", "Lambda", "accepted; binds"),
        rows,
    )


def _finished(region: str, high: bool, tasks: int, figures: Figures) -> tuple[str, ...]:
    cells = []
    for speed in figures.speeds:
        deployment = Deployment(region, tasks, speed.seconds, high_throughput=high)
        lowest = binding(limits(deployment, figures))
        name = "" if lowest.name == FLEET else f" {lowest.name}"
        cells.append(f"**{number(lowest.requests_per_second)}**{name}")
    return tuple(cells)


def fleets_table(figures: Figures) -> str:
    """Region x fleet x seconds a job: requests a second, and what binds if not the fleet."""
    rows = []
    for tasks in FLEETS:
        alike: dict[tuple[str, ...], list[str]] = {}
        for region in REGIONS:
            alike.setdefault(_finished(region, True, tasks, figures), []).append(region)
        normal = _finished(REGIONS[0], False, tasks, figures)
        alike.setdefault(normal, []).append("any, FIFO in normal mode")
        rows += [
            (
                "all" if len(alike) == 1 else ", ".join(regions),
                f"{tasks:,}",
                f"{tasks * figures.speeds[0].vcpus:,}",
                *cells,
            )
            for cells, regions in alike.items()
        ]
    names = [f"{speed.seconds:g} s a job" for speed in figures.speeds]
    return table(("region", "tasks", "GPU vCPUs", *names), rows)


def quota_table(figures: Figures) -> str:
    """What an account's quota of GPU vCPUs allows."""
    rows = []
    for vcpus in GPU_QUOTAS:
        cells = []
        for speed in figures.speeds:
            deployment = Deployment(
                REGIONS[0],
                figures.count("ecs_tasks_per_service"),
                speed.seconds,
                gpu_vcpus=vcpus,
                vcpus_per_task=speed.vcpus,
            )
            lowest = binding(limits(deployment, figures))
            cells.append(f"{number(lowest.requests_per_second)}")
        rows.append((f"{vcpus:,}", f"{vcpus // figures.speeds[0].vcpus:,}", *cells))
    names = [f"{speed.seconds:g} s a job" for speed in figures.speeds]
    return table(("quota of G and VT vCPUs", "tasks", *names), rows)


def aim_table(figures: Figures) -> str:
    """What a thousand requests a second take."""
    rows = []
    for speed in figures.speeds:
        tasks = tasks_for(AIM, speed.seconds)
        services = -(-tasks // figures.count("ecs_tasks_per_service"))
        grown = growth(tasks, "ours", figures)
        hourly, spot = tasks * speed.dollars, tasks * speed.spot_dollars
        rows.append(
            (
                f"{speed.name} ({speed.instance}, {speed.seconds:g} s)",
                f"{tasks:,}",
                f"**{services}**" if services == 1 else str(services),
                f"{tasks * speed.vcpus:,}",
                f"{seconds(grown.seconds)}: {grown.binds}",
                f"{hourly:,.0f} / {spot:,.0f}",
                f"{hourly / 3600 / AIM * 1000:.2f} / {spot / 3600 / AIM * 1000:.2f}",
            )
        )
    return table(
        (
            "worker",
            "tasks",
            "services",
            "GPU vCPU quota",
            "from zero; binds",
            "$/h On-Demand / Spot",
            "$ per 1,000 jobs",
        ),
        rows,
    )


def awake_table(figures: Figures) -> str:
    """Tasks and mean wait by arrival rate, with the fleet awake."""
    speeds = figures.speeds[:3]
    rows = []
    for hourly in ARRIVALS_PER_HOUR:
        cells = []
        for speed in speeds:
            found = awake_wait(hourly / 3600, speed.seconds)
            cells.append(f"{found.tasks:,}: {found.mean_seconds:.1f} s")
        rows.append((f"{hourly:,}", *cells))
    return table(("jobs an hour", *(f"{speed.seconds:g} s a job" for speed in speeds)), rows)


def boots_table(figures: Figures) -> str:
    """The phases between asleep and working."""
    rows = []
    names = {
        "original": "original",
        "ours": "ours",
        "ours_provider_alone": "ours, instances left to the capacity provider",
    }
    for key, name in names.items():
        boot = figures.boots[key]
        rows += [
            (name, step.name, f"{step.seconds:g} s", step.mark.value, step.note)
            for step in boot.steps
        ]
        total = boot.phases().total_seconds
        rows.append((name, "**in all**", f"**{total:g} s**", "", ""))
    return text_table(("whose", "phase", "takes", "known as", "how"), rows)


def sources_table(figures: Figures) -> str:
    """Every figure with its source."""
    rows = [
        (
            key.replace("_", " "),
            f"{figure.value:.8f}".rstrip("0") if figure.value < 0.01 else f"{figure.value:,g}",
            figure.unit,
            figure.mark.value,
            figure.source + (f" ({figure.note})" if figure.note else ""),
        )
        for key, figure in figures.numbers.items()
    ]
    rows += [
        (
            f"job on {speed.name}",
            f"{speed.seconds:g}",
            f"s; {speed.instance} ${speed.dollars} On-Demand, ${speed.spot_dollars} Spot an hour",
            speed.mark.value,
            f"{speed.source} ({speed.note})",
        )
        for speed in figures.speeds
    ]
    return text_table(("figure", "value", "what it is", "known as", "source"), rows)
