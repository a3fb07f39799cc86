"""The interactions endpoint: its address for Discord, and the wait until it is ready."""

import time
from urllib.parse import urlsplit

import httpx

from infra.deploy.errors import EndpointError

_PATIENCE_SECONDS = 90.0
_PAUSE_SECONDS = 1.0
_IN_A_ROW = 3
"""API Gateway spreads a new deployment over its servers: one good answer proves little."""
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
    """Send unsigned requests until several answers in a row are 401, as Discord demands.

    A new API can be reached only after some seconds, and a new function is slow at first. A 401 in
    the time in which Discord needs an answer shows that both are ready.

    Raises:
        EndpointError: there were no such answers in time.
    """
    deadline = time.monotonic() + patience_seconds
    last, in_a_row = "nothing yet", 0
    while time.monotonic() < deadline:
        started = time.monotonic()
        try:
            status = httpx.post(url, json={"type": 1}, timeout=_PATIENCE_SECONDS).status_code
        except httpx.HTTPError as error:
            last = type(error).__name__
        else:
            took = time.monotonic() - started
            last = f"{status} after {took:.1f} s"
            if status == httpx.codes.UNAUTHORIZED and took < _DISCORD_TIMEOUT_SECONDS:
                in_a_row += 1
                if in_a_row == _IN_A_ROW:
                    return
                time.sleep(_PAUSE_SECONDS)
                continue
        in_a_row = 0
        time.sleep(_PAUSE_SECONDS)
    raise EndpointError(
        f"{url} does not refuse unsigned requests with 401 within 3 s, {_IN_A_ROW} times in a "
        f"row (last: {last}). Look at the log of the function `interactions`."
    )
