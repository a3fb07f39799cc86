"""What a thousand pictures cost beyond the standing costs, on a worker that always draws."""

from collections.abc import Iterator

from infra.capacity.bill import INSTANCE, REGIONS, SPOT_SHARE, Line, Use, total, working_costs
from infra.capacity.figures import PICTURES_PER_JOB, counts, instance_price, speed
from infra.capacity.tables.markdown import table

WEBP_GIGABYTES = 0.0004
"""GB of a job's answer as WebP of quality 92: four pictures of 512x512 with 0.1 MB each. Measured
on random pictures with the spectrum of photographs: 102 KB each, 570 KB as PNG."""
_SETTINGS = (
    ("SD 1.5, 25 steps", "T4, one batch of four"),
    ("a distilled SD 1.5 (LCM), 4 steps", "T4, four LCM steps"),
)
_JOBS = 1000 / PICTURES_PER_JOB


def thousand_table() -> str:
    """Dollars for 1,000 pictures of 512x512 on Spot, by model, format and region."""
    header = ("model", "sent as", "region", "$ GPU", "$ egress", "$ requests", "$ in all")
    return table(header, list(_rows()))


def _rows() -> Iterator[tuple[str, ...]]:
    png = counts()
    webp = png.changed(answer_gigabytes=WEBP_GIGABYTES)
    for name, speed_name in _SETTINGS:
        hours = speed(speed_name).seconds * _JOBS / 3600
        use = Use(requests=_JOBS, answered=_JOBS, observations=0.0, instance_hours=hours)
        for kind, counted in (("PNG", png), ("WebP", webp)):
            for region in REGIONS:
                instance = instance_price(INSTANCE, region)
                if instance is None:
                    continue
                parts = _by_kind(working_costs(use, instance, SPOT_SHARE, counted))
                yield name, kind, region, *(f"{part:.3f}" for part in (*parts, sum(parts)))


def _by_kind(lines: tuple[Line, ...]) -> tuple[float, float, float]:
    """What the lines cost for instances, for traffic, and for all requests."""
    gpu = total(line for line in lines if "instances" in line.name or line.name.startswith("their"))
    egress = total(line for line in lines if line.name.startswith("pictures to Discord"))
    return gpu, egress, total(lines) - gpu - egress
