"""What the worker adds to a job beside the pipeline's own time."""

import statistics
import subprocess
import sys
import time
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from discord_diffusion.discord.webhooks import WebhookClient
from discord_diffusion.jobs import GenerationParameters, Job
from discord_diffusion.worker.job_runner import JobRunner, LeaseTerms
from discord_diffusion.worker.pictures import Generation, GenerationRequest, ModelInfo, OnStep
from discord_diffusion.worker.pipeline import DiffusersGenerator
from discord_diffusion.worker.publisher import DiscordPublisher
from tests.unit.worker.fakes import MemoryQueue, make_job, make_message, make_settings

EMBEDDED_MODEL = Path("fixtures/model/tiny")
"""Relative to the checkout."""

# In a process of its own: what Discord does must not count as the worker's time.
_DISCORD = """
import sys
from tests.unit.worker.local_discord import LocalDiscord
with LocalDiscord() as discord:
    print(discord.url, flush=True)
    sys.stdin.read()
"""


class _Timed:
    """Passes jobs on to a generator and adds up the time that it takes."""

    def __init__(self, generator: DiffusersGenerator) -> None:
        self._generator = generator
        self.seconds = 0.0

    @property
    def model(self) -> ModelInfo:
        return self._generator.model

    def batch_key(self, parameters: GenerationParameters) -> Hashable:
        return self._generator.batch_key(parameters)

    def capacity(self, parameters: GenerationParameters) -> int:
        return self._generator.capacity(parameters)

    def generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        started = time.perf_counter()
        try:
            return self._generator.generate(requests, on_step)
        finally:
            self.seconds += time.perf_counter() - started


def worker_overhead(
    model: Path = EMBEDDED_MODEL, *, jobs: int = 20, images: int = 4, steps: int = 12
) -> dict[str, float]:
    """Seconds a job (medians of `jobs`): the pipeline alone, and the whole path of the worker.

    The path is parse, lease, progress, pipeline, enlarge, encode, upload over HTTP on loopback and
    delete, with a queue in memory. Both kinds take turns, so that a busy machine slows both.
    `overhead_share` is of the job's time.
    """
    settings = make_settings(MODEL=str(model), DEVICE="cpu", TORCH_THREADS="1")
    generator = DiffusersGenerator.load(settings.pipeline)
    generator.warm_up()
    timed, queue = _Timed(generator), MemoryQueue()
    alone: list[float] = []
    whole: list[float] = []
    outside: list[float] = []
    with _discord() as url:
        publisher = DiscordPublisher(WebhookClient(url), scale=4)
        runner = JobRunner(queue, timed, publisher, LeaseTerms(30, 3))
        for number in range(jobs + 1):
            job = _job(number, images, steps)
            started = time.perf_counter()
            generator.generate([GenerationRequest(job.parameters)], lambda *_step: None)
            alone.append(time.perf_counter() - started)
            timed.seconds = 0.0
            started = time.perf_counter()
            runner.run(make_message(job.to_json()))
            whole.append(time.perf_counter() - started)
            outside.append(whole[-1] - timed.seconds)
    if len(queue.deleted) != jobs + 1:
        raise RuntimeError(f"{jobs + 1 - len(queue.deleted)} jobs were not answered")
    # The first of each opens connections and fills caches.
    pipeline_seconds, job_seconds = statistics.median(alone[1:]), statistics.median(whole[1:])
    return {
        "pipeline_seconds": round(pipeline_seconds, 4),
        "job_seconds": round(job_seconds, 4),
        "overhead_seconds": round(job_seconds - pipeline_seconds, 4),
        "overhead_share": round((job_seconds - pipeline_seconds) / job_seconds, 4),
        "outside_pipeline_seconds": round(statistics.median(outside[1:]), 4),
    }


def _job(seed: int, images: int, steps: int) -> Job:
    job = make_job()
    parameters = GenerationParameters(
        prompt="a red circle on a blue background",
        seed=seed,
        steps=steps,
        guidance=3.0,
        width=64,
        height=64,
        images=images,
    )
    return replace(job, parameters=parameters)


@contextmanager
def _discord() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _DISCORD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield str(process.stdout.readline()).strip() if process.stdout else ""
    finally:
        process.communicate()
