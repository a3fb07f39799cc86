"""Protects the stand-in from web pages of others that are open on this machine.

The stand-in's pages load nothing from another host, and no other page can read or send anything
here, be it through the control API, Discord's API or the links of pictures.

A page in a browser can send requests to any port of its machine. The browser says which page sent
them, except where that page's own name leads to this machine (DNS rebinding): then the name that
the request is for is the page's. So a request has to name this machine, and to come from no page
but the stand-in's own.

https://fetch.spec.whatwg.org/#origin-header
https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
https://www.rfc-editor.org/rfc/rfc6761#section-6.3 (localhost and the names below it)
"""

from collections.abc import Container
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOCALHOST = "localhost"
_OF_NO_OTHER_PAGE = (None, "none", "same-origin")
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
    """ASGI middleware: security headers on every response, and nothing for other pages."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._own_names = (urlsplit(public_url).hostname or "",)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":
            await self._serve_websocket(scope, receive, send)
            return
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
        if reason := refusal(Headers(scope=scope), self._own_names):
            app = JSONResponse({"error": reason}, 403)
        await app(scope, receive, with_headers)

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a page's handshake with status 403: browsers let any page open a WebSocket."""
        if refusal(Headers(scope=scope), self._own_names):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)


def refusal(headers: Headers, own_names: Container[str] = ()) -> str:
    """Why a request is refused, in words for its sender; empty if it is not.

    `own_names` are names of this server besides localhost and the loopback addresses.
    """
    host, origin, site = (headers.get(name) for name in ("host", "origin", "sec-fetch-site"))
    if not _is_own(host, own_names):
        return (
            f"Nothing is served for the host {host!r}: use 127.0.0.1, localhost or a name below"
            " localhost."
        )
    if site not in _OF_NO_OTHER_PAGE or origin not in (None, f"http://{host}"):
        return (
            f"A web page of another origin ({origin or site}) sent this request: refused. If you"
            " followed a link, paste the address into a new tab."
        )
    return ""


def _is_own(host: str | None, own_names: Container[str]) -> bool:
    """Whether a Host header names this server."""
    try:
        name = urlsplit(f"//{host or ''}").hostname or ""
    except ValueError:
        return False
    if name in own_names or name == _LOCALHOST or name.endswith(f".{_LOCALHOST}"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
