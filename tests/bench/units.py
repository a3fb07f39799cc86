"""`make bench-units`: how well what jobs cost in units follows the seconds that they take.

Draws a grid of sizes, steps, schedulers, counts, guidance and source images with the embedded
model; prints the seconds of each job beside its cost, writes build/bench-units.json. Fails if a job
takes more than `WORST` times the seconds a unit of the middle of the grid, or less than that part.
"""

import json
import math
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from PIL import Image
from rich.console import Console
from rich.table import Table

from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.jobs.units import HUNDREDTHS, Tariff
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.bench.machine import Machine
from tests.bench.worker import EMBEDDED_MODEL
from tests.unit.worker.fakes import make_settings
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
ROUNDS = 2
WORST = 1.3
SIDE, STEPS, GUIDANCE = 64, 12, 3.0
"""The embedded model's defaults: such a picture costs a unit."""
TARIFF = Tariff(SIDE * SIDE, STEPS, GUIDANCE)
TWO_CALLS = ("HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler")


@dataclass
class Job:
    """One job of the grid, what it costs, and the seconds that it took in each round."""

    parameters: GenerationParameters
    seconds: list[float] = field(default_factory=list)

    @property
    def units(self) -> float:
        return TARIFF.cost(self.parameters) / HUNDREDTHS

    @property
    def seconds_a_unit(self) -> float:
        return min(self.seconds) / self.units

    def __str__(self) -> str:
        drawn = self.parameters
        words = [f"{drawn.images} of {drawn.width}x{drawn.height}", f"{drawn.steps} steps"]
        words += [f"guidance {drawn.guidance:g}"] if drawn.guidance != GUIDANCE else []
        words += [drawn.scheduler] if drawn.scheduler else []
        if source := drawn.source:
            words.append(f"strength {source.strength:g}, {source.scale}x")
        return ", ".join(words)


def grid() -> Iterator[Job]:
    """The jobs that are measured."""
    for side, steps in ((64, 1), (64, 12), (64, 50), (128, 1), (128, 12), (256, 1)):
        yield _job(side, steps, 1)
        yield _job(side, steps, 4)
    for side, steps in ((32, 25), (64, 100), (256, 12), (512, 1), (640, 1)):
        yield _job(side, steps, 1)
    for scheduler in (*TWO_CALLS, "PNDMScheduler", "EulerDiscreteScheduler", "DDIMScheduler"):
        yield _job(64, 12, 4, scheduler=scheduler)
        yield _job(128, 12, 1, scheduler=scheduler)
    yield _job(64, 12, 4, guidance=1.0)
    yield _job(128, 12, 1, guidance=1.0)
    for side, strength, scale in ((64, 0.6, 1), (128, 1.0, 1), (64, 0.3, 2), (128, 0.3, 2)):
        yield _job(side, 12, 2, source=SourceImage("https://x/y", strength, scale))


def _job(
    side: int,
    steps: int,
    images: int,
    *,
    guidance: float = GUIDANCE,
    scheduler: str | None = None,
    source: SourceImage | None = None,
) -> Job:
    return Job(
        GenerationParameters(
            "a red circle on a blue background",
            seed=1,
            steps=steps,
            guidance=guidance,
            width=side,
            height=side,
            images=images,
            scheduler=scheduler,
            source=source,
        )
    )


def measure(generator: DiffusersGenerator, job: Job) -> None:
    """Draw a job once more. Processor time is counted: other programs take none of it."""
    image = Image.new("RGB", (job.parameters.width, job.parameters.height), "red")
    request = GenerationRequest(job.parameters, source=image if job.parameters.source else None)
    started = time.process_time()
    [drawn] = generator.generate([request], lambda *_step: None)
    if isinstance(drawn, Exception):
        raise drawn
    job.seconds.append(time.process_time() - started)


def main() -> None:
    """Measure the grid in rounds, so that a busy moment spoils no job, and report."""
    settings = make_settings(MODEL=str(EMBEDDED_MODEL), DEVICE="cpu", TORCH_THREADS="1")
    torch.set_num_threads(1)
    generator = DiffusersGenerator.load(settings.pipeline)
    generator.warm_up()
    jobs = list(grid())
    for round_ in range(ROUNDS):
        for job in jobs:
            measure(generator, job)
        sys.stderr.write(f"round {round_ + 1} of {ROUNDS}\n")
    rates = [job.seconds_a_unit for job in jobs]
    middle = math.sqrt(min(rates) * max(rates))
    result = {
        "machine": Machine.current().as_json(),
        "jobs": len(jobs),
        "seconds_a_unit": round(middle, 4),
        "worst_ratio": round(max(rates) / middle, 3),
        "correlation": round(
            statistics.correlation(
                [math.log(job.units) for job in jobs], [math.log(min(job.seconds)) for job in jobs]
            ),
            4,
        ),
        "least_seconds": {str(job): round(min(job.seconds), 4) for job in jobs},
    }
    _print(jobs, middle, result)
    path = LAYOUT.build / "bench-units.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    sys.stdout.write(f"\nWritten to {path.relative_to(LAYOUT.root)}\n")
    if max(rates) / middle > WORST:
        sys.exit(f"A job takes more than {WORST} times the seconds a unit of the middle.")


def _print(jobs: list[Job], middle: float, result: dict[str, object]) -> None:
    console = Console(width=120)
    table = Table(title=f"{Machine.current()}", box=None, title_justify="left")
    table.add_column("job")
    for name in ("units", "processor seconds", "seconds a unit, of the middle"):
        table.add_column(name, justify="right")
    for job in sorted(jobs, key=lambda job: job.seconds_a_unit):
        ratio = job.seconds_a_unit / middle
        table.add_row(str(job), f"{job.units:g}", f"{min(job.seconds):.3f}", f"{ratio:.2f}")
    console.print(table)
    for name in ("seconds_a_unit", "worst_ratio", "correlation"):
        console.print(f"{name.replace('_', ' ')}: {result[name]}")


if __name__ == "__main__":
    main()
