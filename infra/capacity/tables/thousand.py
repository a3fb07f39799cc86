"""What a thousand pictures cost beyond the standing costs, on a worker that always draws."""

from collections.abc import Iterator

from infra.capacity.bill import INSTANCE, REGIONS, SPOT_SHARE, Line, Use, total, working_costs
from infra.capacity.estimate import SPEEDS
from infra.capacity.figures import PICTURES_PER_JOB, counts, instance_price, speed
from infra.capacity.tables.markdown import table

PNG_GIGABYTES = 0.0018
"""GB of a job's answer as PNG: 0.45 MB for a photographic picture of 512x512, an assumption."""
_QUALITIES = {
    "fast": "SD 1.5 with its LCM-LoRA, 4 steps",
    "better": "the same, 8 steps",
    "best": "SD 1.5, 25 steps, guided",
}
_JOBS = 1000 / PICTURES_PER_JOB


def thousand_table() -> str:
    """Dollars for 1,000 pictures of 512x512 on Spot, by quality, format and region."""
    header = ("`quality`", "model", "sent as", "region", "$ GPU", "$ egress", "$ requests")
    return table((*header, "$ in all"), list(_rows()))


def _rows() -> Iterator[tuple[str, ...]]:
    for quality, model in _QUALITIES.items():
        for format_name in ("WebP", "PNG"):
            for region in REGIONS:
                parts = thousand_pictures(quality, region, format_name)
                cells = (f"{part:.3f}" for part in (*parts, sum(parts)))
                yield f"`{quality}`", model, format_name, region, *cells


def thousand_pictures(
    quality: str, region: str, format_name: str = "WebP"
) -> tuple[float, float, float]:
    """Dollars of 1,000 pictures for the GPU, for traffic, and for requests.

    Raises:
        LookupError: the price of the instance type in the region is not known.
    """
    instance = instance_price(INSTANCE, region)
    if instance is None:
        raise LookupError(f"prices.toml has no price of {INSTANCE} in {region}")
    counted = counts()
    if format_name == "PNG":
        counted = counted.changed(answer_gigabytes=PNG_GIGABYTES)
    hours = speed(SPEEDS[INSTANCE, quality]).seconds * _JOBS / 3600
    use = Use(requests=_JOBS, answered=_JOBS, observations=0.0, instance_hours=hours)
    return _by_kind(working_costs(use, instance, SPOT_SHARE, counted))


def _by_kind(lines: tuple[Line, ...]) -> tuple[float, float, float]:
    """What the lines cost for instances, for traffic, and for all requests."""
    gpu = total(line for line in lines if "instances" in line.name or line.name.startswith("their"))
    egress = total(line for line in lines if line.name.startswith("pictures to Discord"))
    return gpu, egress, total(lines) - gpu - egress
