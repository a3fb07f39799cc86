"""This machine's loopback interface: free ports, and whether a server answers there."""

import socket
import ssl
from collections.abc import MutableMapping
from contextlib import suppress

import httpx
import psutil

LOOPBACK = "127.0.0.1"
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: by default each client loads all certificates, which takes 35 ms."""


def url_of(port: int) -> str:
    """The address of a server on `port`."""
    return f"http://{LOOPBACK}:{port}"


def port_of(url: str) -> int:
    """The port in the address of a server; 0 where it is not one of loopback's."""
    return int(url.rsplit(":", 1)[1]) if url.startswith(f"http://{LOOPBACK}:") else 0


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def user_of(port: int) -> str:
    """Who listens on a port, as the end of a sentence; empty where that cannot be read."""
    for process in psutil.process_iter(["name", "pid"]):
        with suppress(psutil.Error):
            if any(
                one.status == psutil.CONN_LISTEN and one.laddr.port == port
                for one in process.net_connections("inet")
            ):
                return f" by {process.name()} (pid {process.pid})"
    return ""


def choose_port(preferred: int = 0, *, taken: int = 0) -> int:
    """`preferred` if it is free, else any free port but `taken`; 0 always means any."""
    if preferred and preferred != taken and is_free(preferred):
        return preferred
    port = taken
    while port == taken:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
    return port


def answers(url: str) -> bool:
    """Whether a server answers a GET with success."""
    try:
        return httpx.get(url, timeout=5, trust_env=False, verify=NO_CERTIFICATES).is_success
    except httpx.TransportError:
        return False


def keep_loopback_off_proxies(environment: MutableMapping[str, str]) -> None:
    """Have HTTP clients reach this machine directly, whatever proxy the person needs elsewhere."""
    for name in ("NO_PROXY", "no_proxy"):
        known = environment.get(name, "")
        environment[name] = ",".join(filter(None, (known, LOOPBACK, "localhost")))
