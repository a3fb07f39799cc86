"""The stage *deliver*: encodes the pictures of a job and uploads them to the user's message."""

import logging
from collections import OrderedDict
from threading import Lock

from discord_diffusion.discord.errors import ApiError
from discord_diffusion.jobs.job import Job
from discord_diffusion.worker.answer import Answer, compose
from discord_diffusion.worker.held_jobs import HeldJob
from discord_diffusion.worker.pipeline_types import Generation
from discord_diffusion.worker.progress import Progress
from discord_diffusion.worker.publisher import PROGRESS_TIMEOUT_SECONDS, Publisher

log = logging.getLogger(__name__)

_MOST_UNSENT = 8
"""The most answers that are kept for another try; each is as large as a request to Discord."""
_PROGRESS_SECONDS = 0.5
"""How long an answer waits for a progress edit that is under way."""


class Deliverer:
    """Shared by the threads of its stage.

    An answer that could not be uploaded is kept: if this worker receives the job again, the answer
    is uploaded without being drawn again.
    """

    def __init__(
        self, publisher: Publisher, *, picture_scale: int, picture_format: str, notice: str
    ) -> None:
        self._publisher = publisher
        self._picture_scale = picture_scale
        self._picture_format = picture_format
        self._notice = notice
        self._unsent: OrderedDict[str, Answer] = OrderedDict()
        self._lock = Lock()

    def deliver(self, held: HeldJob, result: Generation | Answer) -> Answer:
        """Encode a generation into an answer, and upload it; then the user has the pictures.

        Raises:
            Exception: the job was not answered; `failures` has the rule for the error.
        """
        held.progress.stop()
        if isinstance(result, Answer):
            answer = result
        else:
            answer = compose(
                held.job,
                result,
                scale=self._picture_scale,
                picture_format=self._picture_format,
                notice=self._notice,
            )
            held.mark("encoded")
        self._keep(answer)
        self._check(held)
        settled = held.progress.settle(_PROGRESS_SECONDS)
        held.mark("sending")
        answer = self._publisher.upload(answer, lambda: self._check(held))
        held.mark("uploaded")
        with self._lock:
            self._unsent.pop(held.job.id, None)
        if not settled:
            self._repeat(answer, held.progress)
        return answer

    def unsent_answer(self, job: Job) -> Answer | None:
        """The answer to this job that was drawn earlier and could not be uploaded."""
        with self._lock:
            answer = self._unsent.get(job.id)
        return answer if answer and answer.job == job else None

    def _keep(self, answer: Answer) -> None:
        with self._lock:
            self._unsent[answer.job.id] = answer
            while len(self._unsent) > _MOST_UNSENT:
                self._unsent.popitem(last=False)

    def _check(self, held: HeldJob) -> None:
        held.check(leased=held.lease.is_held())

    def _repeat(self, answer: Answer, progress: Progress) -> None:
        """Write the answer again: a late progress edit may have replaced it."""
        progress.settle(PROGRESS_TIMEOUT_SECONDS)
        try:
            self._publisher.repeat(answer)
        except ApiError as error:
            log.warning("The answer could not be repeated", extra={"reason": str(error)})
