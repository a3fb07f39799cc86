"""The interactions endpoint: its address for Discord, and the wait until it answers as it must."""

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from infra.deploy.errors import EndpointError

_PATIENCE_SECONDS = 90.0
_PAUSE_SECONDS = 2.0
_DISCORD_WAITS_SECONDS = 3.0


@dataclass(frozen=True)
class Answer:
    """The endpoint's answer to a request without a signature."""

    status: int
    seconds: float


def public_address(url: str, rest_api_id: str, template: str | None) -> str:
    """The address for Discord: API Gateway's own, or by a template one that leads there.

    Raises:
        EndpointError: the template has an unknown placeholder.
    """
    if template is None:
        return url
    parts = urlsplit(url)
    try:
        return template.format(host=parts.netloc, path=parts.path, rest_api_id=rest_api_id)
    except (KeyError, IndexError, ValueError) as error:
        raise EndpointError(
            f"--endpoint-url {template!r}: {error!r} is not one of {{host}}, {{path}}, "
            "{rest_api_id}"
        ) from error


def wait_for_endpoint(url: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> Answer:
    """Send unsigned requests until the answer is 401, as Discord demands.

    A new API can be reached after some seconds, and a new function is slow at first: a 401 from the
    function within Discord's patience proves that both are ready.

    Raises:
        EndpointError: there was no such answer in time.
    """
    deadline = time.monotonic() + patience_seconds
    last = "nothing yet"
    while time.monotonic() < deadline:
        started = time.monotonic()
        try:
            status = httpx.post(url, json={"type": 1}, timeout=_PATIENCE_SECONDS).status_code
        except httpx.HTTPError as error:
            last = type(error).__name__
        else:
            took = time.monotonic() - started
            if status == httpx.codes.UNAUTHORIZED and took < _DISCORD_WAITS_SECONDS:
                return Answer(status, took)
            last = f"{status} after {took:.1f} s"
        time.sleep(_PAUSE_SECONDS)
    raise EndpointError(
        f"{url} does not refuse an unsigned request with 401 within 3 s (last: {last}). Look at "
        "the log of the function `interactions`."
    )
