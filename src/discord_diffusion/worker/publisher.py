"""Publishes to the user: every call of the worker to Discord, each within the retry policy."""

import io
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

from PIL.Image import Image

from discord_diffusion.discord.components import answer_buttons
from discord_diffusion.discord.errors import (
    ConnectionFailedError,
    RequestTooLargeError,
    UnavailableError,
)
from discord_diffusion.discord.webhooks import File, WebhookClient
from discord_diffusion.jobs.job import Job, JobHeader
from discord_diffusion.texts.answers import SPOILER, is_apology, is_picture
from discord_diffusion.texts.catalogue import say
from discord_diffusion.worker.answer import Answer, Components
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
        self._sketched: set[str] = set()
        """Jobs whose message shows a sketch."""

    def message_state(self, to: JobHeader, *, timeout_seconds: float | None = None) -> MessageState:
        """Recognise this job's pictures by their names, its apology by its signature."""
        return self._retry(to, lambda: self._read_state(to, timeout_seconds), timeout_seconds)

    def show_progress(self, job: Job, content: str, sketch: Image | None = None) -> None:
        """Replace the text, and show the sketch.

        It is tried once, with a short time-out, and only if the rate limit leaves a call for the
        answer.
        """
        if sketch:
            self._sketched.add(job.id)
        self._edit(
            job,
            content,
            files=(_sketch_file(job, sketch),) if sketch else None,
            components=(),
            spare=1,
            timeout_seconds=PROGRESS_TIMEOUT_SECONDS,
        )

    def upload(self, answer: Answer, fence: Fence = lambda: None) -> None:
        """Show the answer; smaller files are tried if Discord refuses what should fit.

        Raises:
            PicturesTooLargeError: Discord refuses even the smallest files.
            Exception: what `fence` raised to stop the upload.
        """
        files = answer.files
        for _ in range(_SHRINKINGS):
            try:
                return self._upload(answer, files, fence)
            except RequestTooLargeError as error:
                largest = max((len(file.content) for file in files), default=0) * 2 // 3
                total = sum(len(file.content) for file in files)
                log.warning("The upload is too large", extra={"bytes": total, "reason": str(error)})
            files = encode_to_fit(answer.images, largest, total * 2 // 3)
        raise PicturesTooLargeError(f"Discord refused even {total} bytes")

    def repeat_text(self, answer: Answer) -> None:
        """Write the text of an answer again; the attachments stay as they are."""
        self._retry(
            answer.job,
            lambda: self._edit(
                answer.job, answer.content, files=None, components=answer.components
            ),
        )

    def apologise(
        self, to: JobHeader, content: str, *, timeout_seconds: float | None = None
    ) -> None:
        """Replace the text by an apology, and remove a sketch."""
        files = () if to.id in self._sketched else None
        components: Components = ()
        if isinstance(to, Job):
            components = tuple(answer_buttons(to.id, to.locale, to.parameters, []))
        self._retry(
            to,
            lambda: self._edit(
                to, content, files=files, components=components, timeout_seconds=timeout_seconds
            ),
            timeout_seconds,
        )
        self._sketched.discard(to.id)

    def _upload(self, answer: Answer, files: tuple[File, ...], fence: Fence) -> None:
        """Upload; before a repetition, check whether the attempt before has arrived after all."""
        job, doubtful = answer.job, False

        def attempt() -> None:
            nonlocal doubtful
            if doubtful and files and self._read_state(job) is MessageState.PICTURES:
                return
            fence()
            try:
                self._edit(
                    job, answer.content, files=files, components=answer.components, fence=fence
                )
            except (ConnectionFailedError, UnavailableError):
                doubtful = True
                raise

        self._retry(job, attempt)
        self._sketched.discard(job.id)

    def _read_state(self, to: JobHeader, timeout_seconds: float | None = None) -> MessageState:
        message = self._client.get_original_response(
            to.application_id, to.token, timeout_seconds=timeout_seconds
        )
        if any(is_picture(to.id, name) for name in message.filenames):
            return MessageState.PICTURES
        if any(name.removeprefix(SPOILER) == _SKETCH for name in message.filenames):
            self._sketched.add(to.id)  # by another worker
        apology = is_apology(to.id, message.content)
        return MessageState.APOLOGY if apology else MessageState.PENDING

    def _edit(self, to: JobHeader, content: str, **options: Any) -> None:
        self._client.edit_original_response(to.application_id, to.token, content=content, **options)

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
    name = f"{SPOILER if job.spoiler else ''}{_SKETCH}"
    return File(name, buffer.getvalue(), "image/webp", say(job.locale, "alt.sketch"))
