"""The worker's process, `python -m discord_diffusion.worker`, which runs until SIGTERM.

Exit status: 0 stopped by a signal, 1 the worker failed, 2 the settings are wrong, 3 the model
cannot be loaded or draws nothing, 4 the pipeline hangs, its device is lost or its model draws no
more. ECS, or another supervisor, then starts a new process.
"""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from discord_diffusion import logs
from discord_diffusion.settings.reader import SettingsError, set_default_for_libraries
from discord_diffusion.settings.worker import WorkerSettings
from discord_diffusion.worker import job_log
from discord_diffusion.worker.errors import DeviceLostError, ModelLoadError
from discord_diffusion.worker.pipeline_types import Generator
from discord_diffusion.worker.shutdown import UNUSABLE, Shutdown, exit_now

log = logging.getLogger("discord_diffusion.worker")

WRONG_SETTINGS = 2
NO_MODEL = 3


def main() -> int:
    """Start, work until stopped, and return the exit status."""
    started = time.perf_counter()
    try:
        settings = WorkerSettings.from_environ()
    except SettingsError as error:
        sys.stderr.write(f"The worker cannot start: {error}\n")
        return WRONG_SETTINGS
    logs.configure(settings.log)
    logging.captureWarnings(True)
    job_log.name_jobs_in_logs()
    shutdown = Shutdown(settings.stop_timeout_seconds)
    try:
        generator = _load(settings)
    except ModelLoadError as error:
        log.critical("The model cannot be loaded", extra={"reason": str(error)})
        return NO_MODEL
    except DeviceLostError as error:
        log.critical("The device computes nothing", extra={"reason": str(error)})
        return UNUSABLE
    shutdown.install()
    return _work(settings, generator, shutdown, started)


def _load(settings: WorkerSettings) -> Generator:
    # Before torch is imported. Batches of many sizes else leave gaps that no batch fits into:
    # https://docs.pytorch.org/docs/stable/notes/cuda.html#optimizing-memory-usage-with-pytorch-alloc-conf
    set_default_for_libraries(
        "PYTORCH_ALLOC_CONF", "expandable_segments:True", "PYTORCH_CUDA_ALLOC_CONF"
    )
    with _phase("import"):
        from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
    with _phase("load"):
        generator = DiffusersGenerator.load(settings.pipeline)
    with _phase("warm-up"):
        generator.warm_up()
    return generator


def _work(
    settings: WorkerSettings, generator: Generator, shutdown: Shutdown, started: float
) -> int:
    with _phase("connect"):
        from discord_diffusion.worker.dependencies import Dependencies
        from discord_diffusion.worker.worker import Worker

        dependencies = Dependencies.from_settings(settings, generator, lambda: exit_now(UNUSABLE))
        worker = Worker(dependencies)
    dependencies.announce_ready()
    log.info(
        "The worker is ready",
        extra={
            "seconds": round(time.perf_counter() - started, 2),
            "model": generator.model.name,
            "scheduler": generator.model.scheduler,
            "device": generator.model.device,
        },
    )
    worker.start()
    try:
        return shutdown.run(worker)
    finally:
        dependencies.telemetry.close()


@contextmanager
def _phase(name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds = round(time.perf_counter() - started, 2)
    log.info("A phase of the start has ended", extra={"phase": name, "seconds": seconds})


if __name__ == "__main__":
    exit_now(main())
