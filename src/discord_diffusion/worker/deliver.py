"""Encodes and uploads pictures, in threads of its own: the pipeline goes on meanwhile."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from discord_diffusion.discord.api_errors import ApiError
from discord_diffusion.jobs.job import Job
from discord_diffusion.worker import job_log
from discord_diffusion.worker.checks import check_held, utc_now
from discord_diffusion.worker.generation import Generation
from discord_diffusion.worker.held import Held, Stage
from discord_diffusion.worker.held_jobs import Holdings
from discord_diffusion.worker.outcomes import Endings
from discord_diffusion.worker.progress import Progress
from discord_diffusion.worker.publisher import PROGRESS_TIMEOUT_SECONDS, Answer, Publisher

log = logging.getLogger(__name__)

_AT_ONCE = 4
_UNSENT = 8
"""Answers that are kept for another try; each may be as large as a request to Discord."""
_PROGRESS_PATIENCE_SECONDS = 0.5
"""How long an answer waits for a progress edit that is on its way."""


@dataclass(frozen=True)
class Drawn:
    """What is ready to be sent."""

    answer: Answer
    generation: Generation


class Delivery:
    """Takes what was drawn to its user. Never raises because of a job."""

    def __init__(
        self,
        publisher: Publisher,
        endings: Endings,
        holdings: Holdings,
        *,
        on_answered: Callable[[Held, Drawn], None] = lambda _held, _drawn: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._publisher = publisher
        self._endings = endings
        self._holdings = holdings
        self._on_answered = on_answered
        self._now = now
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="deliver")
        self._unsent: OrderedDict[str, Drawn] = OrderedDict()
        self._lock = Lock()

    def submit(self, held: Held, result: Generation | Exception | Drawn) -> None:
        """Deliver pictures, or end a job that has come to nothing; returns at once."""
        held.stage = Stage.DELIVERING
        self._pool.submit(self._run, held, result)

    def unsent(self, job: Job) -> Drawn | None:
        """What was drawn for the job by this worker before, and could not be sent."""
        with self._lock:
            kept = self._unsent.get(job.id)
        return kept if kept and kept.answer.job == job else None

    def finish(self) -> None:
        """Wait until everything has been delivered."""
        self._pool.shutdown()

    def _run(self, held: Held, result: Generation | Exception | Drawn) -> None:
        with job_log.about(held.job.id):
            try:
                self._end(held, result)
            except Exception as error:  # noqa: BLE001 - of an ending; its text may quote a token
                log.critical("The job was not ended", extra={"error": type(error).__name__})
            finally:
                self._holdings.end(held)

    def _end(self, held: Held, result: Generation | Exception | Drawn) -> None:
        try:
            if isinstance(result, Exception):
                raise result
            held.progress.stop()
            drawn = result if isinstance(result, Drawn) else self._encode(held, result)
            self._deliver(held, drawn)
        except Exception as error:  # noqa: BLE001 - one bad job never stops the worker
            self._endings.failed(held, error)
            return
        shown = len(drawn.generation.pictures)
        self._endings.answered(
            held, pictures=shown, filtered=drawn.generation.filtered, charged_pictures=shown
        )
        self._on_answered(held, drawn)

    def _encode(self, held: Held, generation: Generation) -> Drawn:
        answer = self._publisher.prepare(held.job, generation)
        held.mark("encoded")
        return Drawn(answer, generation)

    def _deliver(self, held: Held, drawn: Drawn) -> None:
        self._keep(drawn)
        self._check(held)
        settled = held.progress.settle(_PROGRESS_PATIENCE_SECONDS)
        held.mark("sending")
        self._publisher.send(drawn.answer, lambda: self._check(held))
        held.mark("uploaded")
        with self._lock:
            self._unsent.pop(held.job.id, None)
        if not settled:
            self._repeat_text(drawn.answer, held.progress)

    def _check(self, held: Held) -> None:
        check_held(held, held.lease.is_held(), self._now())

    def _keep(self, drawn: Drawn) -> None:
        """What Discord cannot take now is not drawn twice."""
        with self._lock:
            self._unsent[drawn.answer.job.id] = drawn
            while len(self._unsent) > _UNSENT:
                self._unsent.popitem(last=False)

    def _repeat_text(self, answer: Answer, progress: Progress) -> None:
        """A progress edit may arrive after the answer and write over its text."""
        progress.settle(PROGRESS_TIMEOUT_SECONDS)
        try:
            self._publisher.repeat_text(answer)
        except ApiError as error:
            log.warning("The text could not be repeated", extra={"reason": str(error)})
