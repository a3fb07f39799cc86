"""Measures the time that the worker adds to a job beside the pipeline's own."""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from discord_diffusion.discord.webhooks import WebhookClient
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.worker.dependencies import Dependencies
from discord_diffusion.worker.job_record_writer import JobRecordWriter
from discord_diffusion.worker.lease import LeaseTerms
from discord_diffusion.worker.pace import Pace
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline_types import (
    Generation,
    GenerationRequest,
    ModelInfo,
    OnStep,
)
from discord_diffusion.worker.publisher import Publisher
from discord_diffusion.worker.source_images import SourceImages
from discord_diffusion.worker.worker import Worker
from tests.unit.worker.fakes import (
    MemoryQueue,
    MemoryTable,
    make_job,
    make_message,
    make_settings,
    wait_until,
)

EMBEDDED_MODEL = Path("fixtures/model/tiny")
"""Relative to the checkout."""
ROUNDS = 1

# In a process of its own, so that its time is not counted as the worker's.
_LOCAL_DISCORD = """
import sys
from tests.local_discord import LocalDiscord
with LocalDiscord() as discord:
    print(discord.url, flush=True)
    sys.stdin.read()
"""


class _TimedGenerator:
    """Passes requests on to a generator and times it."""

    def __init__(self, generator: DiffusersGenerator) -> None:
        self._generator = generator
        self._began = self._ended = 0.0
        self.seconds = 0.0
        self.cpu_seconds = 0.0

    @property
    def wall_seconds(self) -> float:
        """From the start of the first call to the end of the last one."""
        return self._ended - self._began

    @property
    def model(self) -> ModelInfo:
        return self._generator.model

    def peak_memory(self) -> int | None:
        return self._generator.peak_memory()

    def batch_key(self, parameters: GenerationParameters) -> Hashable:
        return self._generator.batch_key(parameters)

    def capacity(self, parameters: GenerationParameters) -> int:
        return self._generator.capacity(parameters)

    def generate(
        self, requests: Sequence[GenerationRequest], on_step: OnStep
    ) -> Sequence[Generation | Exception]:
        started, cpu_started = time.perf_counter(), time.thread_time()
        self._began = self._began or started
        try:
            return self._generator.generate(requests, on_step)
        finally:
            self._ended = time.perf_counter()
            self.seconds += self._ended - started
            self.cpu_seconds += time.thread_time() - cpu_started


def worker_overhead(
    model: Path = EMBEDDED_MODEL, *, jobs: int = 16, images: int = 4, steps: int = 12
) -> dict[str, float]:
    """The worker's overhead while the queue is full; medians of `ROUNDS`.

    Measures the seconds a job takes in the pipeline alone, and in a worker that always has another
    job waiting: parse, lease, job record, progress, pipeline, enlarge, encode, upload over HTTP on
    loopback, delete; queue and table are in memory. Both draw the same jobs in batches of the same
    size, and take turns, so that a busy machine slows both. `overhead_share` is a share of the
    worker's time, `pipeline_busy_share` the share of the time in which the pipeline draws, and
    `beside_cpu_share` the share of the process's CPU time that is spent on everything else: the
    loss on a machine of one core.
    """
    settings = make_settings(MODEL=str(model), DEVICE="cpu", TORCH_THREADS="1")
    generator = DiffusersGenerator.load(settings.pipeline)
    generator.warm_up()
    alone_seconds, worker_seconds, busy_shares, beside_shares = [], [], [], []
    with _local_discord() as url:
        for round_ in range(ROUNDS + 1):
            work = [_job(round_ * jobs + number, images, steps) for number in range(jobs)]
            alone_seconds.append(_draw_alone(generator, work))
            timed, cpu_started = _TimedGenerator(generator), time.process_time()
            _draw_as_a_worker(timed, work, url)
            cpu_seconds = time.process_time() - cpu_started
            beside_shares.append((cpu_seconds - timed.cpu_seconds) / cpu_seconds)
            worker_seconds.append(timed.wall_seconds / jobs)
            busy_shares.append(timed.seconds / timed.wall_seconds)
    # The first round opens connections and fills caches.
    pipeline_seconds, job_seconds = (
        statistics.median(measured[1:]) for measured in (alone_seconds, worker_seconds)
    )
    return {
        "pipeline_seconds": round(pipeline_seconds, 4),
        "job_seconds": round(job_seconds, 4),
        "overhead_share": round(1 - pipeline_seconds / job_seconds, 4),
        "pipeline_busy_share": round(statistics.median(busy_shares[1:]), 4),
        "beside_cpu_share": round(statistics.median(beside_shares[1:]), 4),
    }


def _draw_alone(generator: DiffusersGenerator, jobs: list[Job]) -> float:
    """Draw the jobs in full batches, one after another; returns the seconds a job."""
    parameters = jobs[0].parameters
    size = max(1, generator.capacity(parameters) // parameters.images)
    started = time.perf_counter()
    for first in range(0, len(jobs), size):
        batch = [GenerationRequest(job.parameters) for job in jobs[first : first + size]]
        generator.generate(batch, lambda _done, _steps, _preview: None)
    return (time.perf_counter() - started) / len(jobs)


def _draw_as_a_worker(timed: _TimedGenerator, jobs: list[Job], discord_url: str) -> None:
    queue, table = MemoryQueue(), MemoryTable()
    queue.waiting += [make_message(job.to_json()) for job in jobs]
    worker = Worker(
        Dependencies(
            queue=queue,
            generator=timed,
            publisher=Publisher(WebhookClient(discord_url)),
            picture_scale=4,
            source_images=SourceImages((), discord_url),
            terms=LeaseTerms(30, 3),
            stop_timeout_seconds=30,
            records=JobRecordWriter(table),
            pace=Pace(table),
        )
    )
    loop = threading.Thread(target=worker.run)
    loop.start()
    wait_until(lambda: len(queue.deleted) == len(jobs), 600)
    worker.stop()
    loop.join()


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
def _local_discord() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _LOCAL_DISCORD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield str(process.stdout.readline()).strip() if process.stdout else ""
    finally:
        process.communicate()
