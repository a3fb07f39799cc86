"""Tells requests that a foreign web page may have sent from those of programs on this machine.

A page in a browser on this machine can send requests to any loopback port. The browser says which
page sent them, except where the page's own name leads to this machine (DNS rebinding): then the
name that the request is for is the page's. So a request has to name this machine, by an address or
by a name that no server of names can lead elsewhere, and has to come from no other page.

https://fetch.spec.whatwg.org/#origin-header
https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
https://www.rfc-editor.org/rfc/rfc6761#section-6.3 (localhost and the names below it)
"""

from collections.abc import Callable, Container
from ipaddress import ip_address
from urllib.parse import urlsplit

_LOCALHOST = "localhost"
_OF_NO_OTHER_PAGE = (None, "none", "same-origin")


def refusal(header: Callable[[str], str | None], own_names: Container[str] = ()) -> str:
    """Why a request is refused, in words for its sender; empty if it is not.

    `header` gives the value of one of its headers; `own_names` are names of this server besides
    localhost and the loopback addresses.
    """
    host, origin, site = map(header, ("Host", "Origin", "Sec-Fetch-Site"))
    if not _is_own(host, own_names):
        return (
            f"Nothing is served for the host {host!r}: use 127.0.0.1, localhost or a name below"
            " localhost."
        )
    if site not in _OF_NO_OTHER_PAGE or origin not in (None, f"http://{host}"):
        return f"A web page of another origin ({origin or site}) sent this request: refused."
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
