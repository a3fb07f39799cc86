"""Protects the pages and the control API from other sites that are open in the same browser.

The pages load nothing from another host, and no other site can use the control API through the
browser of the person who runs the rig.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
        " font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class BrowserSecurityMiddleware:
    """ASGI middleware: security headers on every response, no cross-origin requests of /control."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._hosts = {*_LOCAL_HOSTS, urlsplit(public_url).hostname}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self._app
        if scope["path"].startswith("/control/") and is_cross_origin(
            Headers(scope=scope), self._hosts
        ):
            app = JSONResponse({"error": "The control API is for this page only."}, 403)
        await app(scope, receive, with_headers)


def is_cross_origin(headers: Headers, hosts: Collection[str | None]) -> bool:
    """Whether a browser sent a request on behalf of a page of another origin.

    `hosts` are this server's own names. A request that names any other host is cross-origin even if
    its headers agree: with DNS rebinding, a foreign name leads to this server.
    """
    site, origin, host = (headers.get(name) for name in ("sec-fetch-site", "origin", "host"))
    if site is None and origin is None:
        return False  # The client is no browser.
    if site not in (None, "none", "same-origin"):
        return True
    try:
        if urlsplit(f"//{host}").hostname not in hosts:
            return True
        return origin is not None and urlsplit(origin).netloc != host
    except ValueError:
        return True
