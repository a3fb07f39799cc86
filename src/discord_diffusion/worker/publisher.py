"""Publishes to the user: every call of the worker to Discord, each within the retry policy."""

import io
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

from PIL.Image import Image

from discord_diffusion.discord.answer_layouts import apology, drawing
from discord_diffusion.discord.errors import (
    ConnectionFailedError,
    RequestTooLargeError,
    UnavailableError,
)
from discord_diffusion.discord.layout import Components, ShownPicture
from discord_diffusion.discord.original_response import Message
from discord_diffusion.discord.webhooks import File, WebhookClient
from discord_diffusion.jobs.job import Job, JobHeader
from discord_diffusion.texts.answers import SPOILER, is_apology, is_picture
from discord_diffusion.texts.catalogue import say
from discord_diffusion.worker.answer import Answer, restored
from discord_diffusion.worker.encoding import encode_to_fit
from discord_diffusion.worker.errors import PicturesTooLargeError
from discord_diffusion.worker.retries import Retrier

log = logging.getLogger(__name__)

T = TypeVar("T")

Fence = Callable[[], None]
"""Called during an upload, the last time when all but its end is sent; raises to stop it."""

PROGRESS_TIMEOUT_SECONDS = 3.0
_SHRINKINGS = 6
"""How often an upload that is too large for Discord is made a third smaller."""
_SKETCH = "sketch.webp"
_SKETCH_QUALITY = 60


class MessageState(Enum):
    """What the user's message shows of a job."""

    PENDING = "pending"
    PICTURES = "pictures"
    APOLOGY = "apology"


class Publisher:
    """Edits the original response of the interaction. Safe to share between threads.

    Methods raise `ApiError` when the retry policy gives up, or after
    `timeout_seconds`, which bounds one call together with all its repetitions.
    """

    def __init__(self, client: WebhookClient, retrier: Retrier | None = None) -> None:
        self._client = client
        self._retrier = retrier or Retrier()
        self._sketched: dict[str, bool] = {}
        """Jobs for which a sketch was uploaded, and whether it certainly arrived."""

    def message_state(self, to: JobHeader, *, timeout_seconds: float | None = None) -> MessageState:
        """Recognise this job's pictures by their names, its apology by its signature."""
        return self._retry(to, lambda: self._read_state(to, timeout_seconds), timeout_seconds)

    def show_progress(self, job: Job, status: str, sketch: Image | None = None) -> None:
        """Show how far the job is, and the sketch, or the one that is shown already.

        It is tried once, with a short time-out, and only if the rate limit leaves a call for the
        answer.
        """
        if sketch:
            self._sketched[job.id] = False
        name = _sketch_name(job)
        is_shown = sketch is not None or self._sketched.get(job.id, False)
        shown = ShownPicture(name, say(job.locale, "alt.sketch"), job.spoiler) if is_shown else None
        self._edit(
            job,
            drawing(job.parameters, job.locale, status, shown),
            files=(_sketch_file(job, sketch),) if sketch else None,
            spare=1,
            timeout_seconds=PROGRESS_TIMEOUT_SECONDS,
        )
        if sketch:
            self._sketched[job.id] = True

    def upload(self, answer: Answer, fence: Fence = lambda: None) -> Answer:
        """Show the answer; smaller files are tried if Discord refuses what should fit.

        Returns the answer with the files that are shown.

        Raises:
            PicturesTooLargeError: Discord refuses even the smallest files.
            Exception: what `fence` raised to stop the upload.
        """
        for _ in range(_SHRINKINGS):
            try:
                shown = self._upload(answer, fence)
            except RequestTooLargeError as error:
                sizes = [len(file.content) for file in answer.files]
                largest, total = max(sizes, default=0) * 2 // 3, sum(sizes)
                log.warning("The upload is too large", extra={"bytes": total, "reason": str(error)})
            else:
                return replace(answer, message_id=shown)
            files = encode_to_fit(answer.images, largest, total * 2 // 3)
            answer = replace(answer, files=files)
        raise PicturesTooLargeError(f"Discord refused even {total} bytes")

    def repeat(self, answer: Answer) -> None:
        """Show an answer again whose files the message has."""
        self._retry(answer.job, lambda: self._edit(answer.job, answer.components, files=None))

    def restore(self, job: Job) -> bool:
        """Show the pictures that the message has again as an answer, if it is none any more.

        A progress edit that arrived late has replaced the answer, and its worker has died before it
        could `repeat` that. Returns whether the message was changed.
        """
        message = self._retry(
            job, lambda: self._client.get_original_response(job.application_id, job.token)
        )
        if message.custom_ids:  # progress has no buttons
            return False
        pictures = [name for name in message.filenames if is_picture(job.id, name)]
        self._retry(job, lambda: self._edit(job, restored(job, pictures), files=None))
        return True

    def apologise(
        self, to: JobHeader, reason: str, *, timeout_seconds: float | None = None
    ) -> None:
        """Show an apology, and remove a sketch."""
        files = () if to.id in self._sketched else None
        parameters = to.parameters if isinstance(to, Job) else None
        components = apology(to.id, to.locale, reason, parameters)
        self._retry(
            to,
            lambda: self._edit(to, components, files=files, timeout_seconds=timeout_seconds),
            timeout_seconds,
        )
        self._sketched.pop(to.id, None)

    def _upload(self, answer: Answer, fence: Fence) -> str:
        """Upload; before a repetition, check whether the attempt before has arrived after all.

        Returns the id of the message; empty if it had arrived.
        """
        job, doubtful = answer.job, False

        def attempt() -> str:
            nonlocal doubtful
            if doubtful and answer.files and self._read_state(job) is MessageState.PICTURES:
                return ""
            fence()
            try:
                return self._edit(job, answer.components, files=answer.files, fence=fence).id
            except (ConnectionFailedError, UnavailableError):
                doubtful = True
                raise

        shown = self._retry(job, attempt)
        self._sketched.pop(job.id, None)
        return shown

    def _read_state(self, to: JobHeader, timeout_seconds: float | None = None) -> MessageState:
        message = self._client.get_original_response(
            to.application_id, to.token, timeout_seconds=timeout_seconds
        )
        if any(is_picture(to.id, name) for name in message.filenames):
            return MessageState.PICTURES
        if any(name.removeprefix(SPOILER) == _SKETCH for name in message.filenames):
            self._sketched[to.id] = True  # by another worker
        has_apology = is_apology(to.id, message.text)
        return MessageState.APOLOGY if has_apology else MessageState.PENDING

    def _edit(self, to: JobHeader, components: Components, **options: Any) -> Message:
        return self._client.edit_original_response(
            to.application_id, to.token, components=components, **options
        )

    def _retry(
        self, to: JobHeader, call: Callable[[], T], timeout_seconds: float | None = None
    ) -> T:
        """Call within the retry policy, and never past the life of the token."""
        left = (to.expires_at - datetime.now(UTC)).total_seconds()
        if timeout_seconds is not None:
            left = min(left, timeout_seconds)
        return self._retrier.call(call, self._retrier.clock() + left)


def _sketch_file(job: Job, sketch: Image) -> File:
    buffer = io.BytesIO()
    sketch.convert("RGB").save(buffer, "WEBP", quality=_SKETCH_QUALITY)
    return File(_sketch_name(job), buffer.getvalue(), "image/webp", say(job.locale, "alt.sketch"))


def _sketch_name(job: Job) -> str:
    return f"{SPOILER if job.spoiler else ''}{_SKETCH}"
