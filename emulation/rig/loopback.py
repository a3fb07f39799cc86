"""This machine's loopback interface: free ports, and whether a server answers there."""

import socket
import ssl
import sys
import zlib
from collections.abc import MutableMapping
from contextlib import suppress

import httpx
import psutil

LOOPBACK = "127.0.0.1"
_FIRST_OWN_PORT, _OWN_PORTS = 20_000, 10_000
"""Below the ports that Linux and macOS give to clients:
https://docs.kernel.org/networking/ip-sysctl.html#ip-variables"""
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
    with suppress(psutil.Error):
        for one in psutil.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr[1] == port and one.pid:
                return f" by {psutil.Process(one.pid).name()} (pid {one.pid})"
    return ""


def choose_port(preferred: int = 0, *, taken: int = 0, owner: str = "") -> int:
    """`preferred` if it is free, else any free port but `taken`; 0 always means any.

    With `owner` the port in the place of one that is taken is the same each time, as long as that
    is free, and it is said who has the other.
    """
    if preferred and preferred != taken and is_free(preferred):
        return preferred
    if preferred and owner:
        first = zlib.crc32(f"{owner}:{preferred}".encode()) % _OWN_PORTS
        candidates = (_FIRST_OWN_PORT + (first + step) % _OWN_PORTS for step in range(_OWN_PORTS))
        port = next(one for one in candidates if one != taken and is_free(one))
        sys.stderr.write(f"Port {preferred} is taken{user_of(preferred)}; {port} is used.\n")
        return port
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
