"""From finished pictures to the user's message.

`prepare` (encoding) and `send` (upload) are apart so that both can go on while the next job is
drawn.
"""

import io
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Protocol, TypeVar

from PIL.Image import Image

from discord_diffusion.discord import buttons
from discord_diffusion.discord.answer_text import SPOILER, is_apology, is_picture
from discord_diffusion.discord.api_errors import (
    ConnectionFailedError,
    RequestTooLargeError,
    UnavailableError,
)
from discord_diffusion.discord.multipart import File
from discord_diffusion.discord.webhooks import WebhookClient
from discord_diffusion.jobs.job import Job, JobHeader
from discord_diffusion.texts.catalogue import say
from discord_diffusion.worker import answer as messages
from discord_diffusion.worker.encoding import Drawing, encode_to_fit, enlarge
from discord_diffusion.worker.errors import PicturesTooLargeError
from discord_diffusion.worker.generation import Generation
from discord_diffusion.worker.retries import Retrier

log = logging.getLogger(__name__)

T = TypeVar("T")
Components = tuple[Mapping[str, Any], ...]
"""Rows of buttons, as Discord takes them."""

PROGRESS_TIMEOUT_SECONDS = 3.0
_SHRINKINGS = 6
"""How often an upload that Discord finds too large is made a third smaller."""
_SKETCH = "sketch.webp"
_SKETCH_QUALITY = 60


@dataclass(frozen=True)
class Answer:
    """All that goes into the message."""

    job: Job
    content: str
    drawings: tuple[Drawing, ...]
    files: tuple[File, ...]
    components: Components = ()


Fence = Callable[[], None]
"""Called again and again, last with all but the end of an upload sent; raises to stop it."""


class Shown(Enum):
    """What the user's message says of a job."""

    PENDING = "pending"
    PICTURES = "pictures"
    FAILURE = "failure"


class Publisher(Protocol):
    """Where answers go. Raises classes of `api_errors` when patience has ended.

    `patience` is in seconds, for one call and all its repetitions; without it the retry policy's.
    """

    def shown(self, to: JobHeader, *, patience: float | None = None) -> Shown:
        """Look at the user's message."""

    def show_progress(self, job: Job, content: str, sketch: Image | None = None) -> None:
        """Replace the text, once, unless it would cost the answer its place; show the sketch."""

    def prepare(self, job: Job, generation: Generation) -> Answer:
        """Encode; raises `PicturesTooLargeError`."""

    def send(self, answer: Answer, fence: Fence) -> None:
        """Upload; afterwards the user has the pictures. What `fence` raises stops it."""

    def repeat_text(self, answer: Answer) -> None:
        """Put the text of an answer in place again."""

    def tell(self, to: JobHeader, content: str, *, patience: float | None = None) -> None:
        """Replace the text by an apology."""


class DiscordPublisher:
    """Publishes by editing the original response of the interaction."""

    def __init__(
        self,
        client: WebhookClient,
        *,
        scale: int = 1,
        notice: str = "",
        retrier: Retrier | None = None,
    ) -> None:
        self._client = client
        self._scale = scale
        self._notice = notice
        self._retrier = retrier or Retrier()
        self._sketched: set[str] = set()

    def shown(self, to: JobHeader, *, patience: float | None = None) -> Shown:
        """Recognise this job's pictures by their names, its apology by its signature."""
        return self._persist(to, lambda: self._look(to, patience), patience)

    def show_progress(self, job: Job, content: str, sketch: Image | None = None) -> None:
        """One try, with a short time-out, that leaves a call of the rate limit to the answer."""
        if sketch:
            self._sketched.add(job.id)
        self._client.edit_original_response(
            job.application_id,
            job.token,
            content=content,
            files=(_sketch_file(job, sketch),) if sketch else None,
            components=(),
            spare=1,
            timeout_seconds=PROGRESS_TIMEOUT_SECONDS,
        )

    def prepare(self, job: Job, generation: Generation) -> Answer:
        """Enlarge, encode within the user's attachment limit, and write the text."""
        drawings = tuple(
            Drawing(
                enlarge(picture.image, self._scale),
                messages.file_stem(job, picture),
                messages.embedded_parameters(
                    job.parameters, picture.seed, generation.model, self._scale
                ),
                messages.alt_text(job, picture),
            )
            for picture in generation.pictures
        )
        content = messages.answer(job, generation, self._notice)
        shown = [picture.index for picture in generation.pictures]
        return Answer(
            job,
            content,
            drawings,
            encode_to_fit(drawings, job.attachment_size_limit),
            tuple(buttons.answered(job.id, job.locale, job.parameters, shown)),
        )

    def send(self, answer: Answer, fence: Fence = lambda: None) -> None:
        """Upload, and again with smaller files when Discord takes less than it promised."""
        files = answer.files
        for _ in range(_SHRINKINGS):
            try:
                return self._upload(answer, files, fence)
            except RequestTooLargeError as error:
                largest = max((len(file.content) for file in files), default=0) * 2 // 3
                total = sum(len(file.content) for file in files)
                log.warning("The upload is too large", extra={"bytes": total, "reason": str(error)})
            files = encode_to_fit(answer.drawings, largest, total * 2 // 3)
        raise PicturesTooLargeError(f"Discord refused even {total} bytes")

    def _upload(self, answer: Answer, files: tuple[File, ...], fence: Fence) -> None:
        """Upload until it is known to have worked; what may have worked is looked up first."""
        job, doubtful = answer.job, False

        def attempt() -> None:
            nonlocal doubtful
            if doubtful and files and self._look(job) is Shown.PICTURES:
                return
            fence()
            try:
                self._edit_once(job, answer.content, files, answer.components, fence=fence)
            except (ConnectionFailedError, UnavailableError):
                doubtful = True
                raise

        self._persist(job, attempt)
        self._sketched.discard(job.id)

    def repeat_text(self, answer: Answer) -> None:
        """The attachments stay as they are."""
        self._persist(
            answer.job,
            lambda: self._edit_once(answer.job, answer.content, None, answer.components),
        )

    def tell(self, to: JobHeader, content: str, *, patience: float | None = None) -> None:
        """Replace the text; a sketch goes, and no picture was there, or none is lost."""
        files = () if to.id in self._sketched else None
        again: Components = ()
        if isinstance(to, Job):
            again = tuple(buttons.answered(to.id, to.locale, to.parameters, []))
        self._persist(to, lambda: self._edit_once(to, content, files, again, patience), patience)
        self._sketched.discard(to.id)

    def _look(self, to: JobHeader, timeout_seconds: float | None = None) -> Shown:
        message = self._client.get_original_response(
            to.application_id, to.token, timeout_seconds=timeout_seconds
        )
        if any(is_picture(to.id, name) for name in message.filenames):
            return Shown.PICTURES
        if any(name.removeprefix(SPOILER) == _SKETCH for name in message.filenames):
            self._sketched.add(to.id)  # of another worker
        return Shown.FAILURE if is_apology(to.id, message.content) else Shown.PENDING

    def _edit_once(
        self,
        to: JobHeader,
        content: str,
        files: tuple[File, ...] | None,
        components: Components,
        timeout_seconds: float | None = None,
        fence: Fence = lambda: None,
    ) -> None:
        self._client.edit_original_response(
            to.application_id,
            to.token,
            content=content,
            files=files,
            components=components,
            timeout_seconds=timeout_seconds,
            fence=fence,
        )

    def _persist(self, to: JobHeader, call: Callable[[], T], patience: float | None = None) -> T:
        """Within the retry policy, and never past the life of the token."""
        left = (to.expires_at - datetime.now(UTC)).total_seconds()
        if patience is not None:
            left = min(left, patience)
        return self._retrier.call(call, self._retrier.clock() + left)


def _sketch_file(job: Job, sketch: Image) -> File:
    buffer = io.BytesIO()
    sketch.convert("RGB").save(buffer, "WEBP", quality=_SKETCH_QUALITY)
    name = f"{SPOILER if job.spoiler else ''}{_SKETCH}"
    return File(name, buffer.getvalue(), "image/webp", say(job.locale, "alt.sketch"))
