"""Fetches the source image of a job from Discord's servers.

Hosts, size, time and format are limited: the address comes from a message, and the file from a
user.
"""

import logging
import time
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

import httpx
from PIL import Image

from discord_diffusion.worker.errors import (
    MaskBlackError,
    SourceGoneError,
    SourceRefusedError,
    SourceTooLargeError,
    SourceUnavailableError,
)
from discord_diffusion.worker.isolated_decoding import decode_isolated
from discord_diffusion.worker.pipeline_types import MASK_WHITE

log = logging.getLogger(__name__)

MOST_BYTES = 25 * 1024 * 1024
SECONDS = 10.0
"""The longest time for a download and its repetitions."""
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.5
_TRANSIENT_STATUSES = frozenset({408, 425, 429})


class SourceImages:
    """Fetches source images. Safe to share between threads."""

    def __init__(
        self,
        hosts: Collection[str],
        api_url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        api = urlsplit(api_url)
        self._origins = {("https", host) for host in hosts} | {(api.scheme, api.netloc)}
        self._client = httpx.Client(timeout=5.0, follow_redirects=False, transport=transport)
        self._sleep = sleep
        self._clock = clock

    def fetch(self, url: str) -> Image.Image:
        """The picture as RGB, upright, and not larger than the pipeline has use for.

        Raises:
            SourceRefusedError: it is not there, or its host, size or format is not allowed; the
                class says which.
            SourceUnavailableError: its host did not answer in time.
        """
        address = urlsplit(url)
        if (address.scheme, address.netloc.lower()) not in self._origins:
            raise SourceRefusedError(f"{address.hostname!r} is not a host of Discord's pictures")
        ends_at = self._clock() + SECONDS
        for attempt in range(_ATTEMPTS):
            try:
                return decode_isolated(self._download(url, ends_at))
            except SourceUnavailableError as error:
                if attempt + 1 == _ATTEMPTS or self._clock() + _PAUSE_SECONDS >= ends_at:
                    raise
                log.info("The source image is requested again", extra={"reason": str(error)})
                self._sleep(_PAUSE_SECONDS)
        raise AssertionError("unreachable")

    def fetch_mask(self, url: str) -> Image.Image:
        """A mask in shades of grey. Raises what `fetch` does, and `MaskBlackError`."""
        mask = self.fetch(url).convert("L")
        if int(mask.getextrema()[1]) < MASK_WHITE:  # type: ignore[arg-type]  # one band has numbers
            raise MaskBlackError("nothing of the mask is white")
        return mask

    def _download(self, url: str, ends_at: float) -> bytes:
        content = bytearray()
        try:
            with self._client.stream("GET", url) as answer:
                _check_status(answer.status_code)
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > MOST_BYTES:
                        raise SourceTooLargeError(f"it is larger than {MOST_BYTES} bytes")
                    if self._clock() > ends_at:
                        raise SourceUnavailableError(f"it did not come within {SECONDS:.0f} s")
        except httpx.HTTPError as error:
            raise SourceUnavailableError(type(error).__name__) from None
        return bytes(content)


def _check_status(status: int) -> None:
    if status >= 500 or status in _TRANSIENT_STATUSES:
        raise SourceUnavailableError(f"its host answered {status}")
    if status != httpx.codes.OK:
        raise SourceGoneError(f"its host answered {status}")
