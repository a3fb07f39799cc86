"""The interactions endpoint: its address for Discord, and the wait until it is ready."""

import time
from urllib.parse import urlsplit

import httpx

from infra.deploy.errors import EndpointError

_PATIENCE_SECONDS = 90.0
_PAUSE_SECONDS = 2.0
_DISCORD_TIMEOUT_SECONDS = 3.0


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


def wait_for_endpoint(url: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
    """Send unsigned requests until the answer is 401, as Discord demands.

    A new API can be reached only after some seconds, and a new function is slow at first. A 401 in
    the time in which Discord needs an answer proves that both are ready.

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
            if status == httpx.codes.UNAUTHORIZED and took < _DISCORD_TIMEOUT_SECONDS:
                return
            last = f"{status} after {took:.1f} s"
        time.sleep(_PAUSE_SECONDS)
    raise EndpointError(
        f"{url} does not refuse an unsigned request with 401 within 3 s (last: {last}). Look at "
        "the log of the function `interactions`."
    )
