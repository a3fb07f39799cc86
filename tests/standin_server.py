"""The stand-in as a process on a port of its own, and an endpoint behind it."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from discord_stand_in.config import READY
from emulation.rig.loopback import choose_port
from emulation.rig.waiting import wait_until
from tests.targets import DOCKER, TARGET

Check = Callable[[bytes, str, str], bool]


@dataclass
class Server:
    """A running stand-in."""

    url: str
    stop: Callable[[], None]
    """Stops it with SIGTERM and waits."""
    log: Callable[[], str]
    """Returns everything that it has logged."""


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Server]:
    """A stand-in on target `host` or `docker` that stops at the end."""
    start = _in_container if TARGET == DOCKER else _as_process
    with (
        start(folder, *arguments) as server,
        httpx.Client(trust_env=False, timeout=120) as http,
    ):
        wait_until(lambda: _is_up(http, server.url), "the stand-in answers")
        yield server


@contextmanager
def _in_container(_folder: Path, *arguments: str) -> Iterator[Server]:
    from tests.standin_container import StandInContainer

    with StandInContainer(choose_port(), *arguments) as container:
        yield Server(container.url, container.terminate, container.log)


@contextmanager
def _as_process(folder: Path, *arguments: str) -> Iterator[Server]:
    log = folder / "standin.log"
    # A port that were chosen here could be another program's before the stand-in listens.
    command = [sys.executable, "-m", "discord_stand_in", "--port", "0"]
    command += ["--state-dir", str(folder / "state"), "--probe-interval", "0", *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)

        def stop() -> None:
            process.terminate()
            process.wait(60)

        try:
            yield Server(_printed_url(log, process), stop, log.read_text)
        finally:
            stop()


def _printed_url(log: Path, process: "subprocess.Popen[bytes]") -> str:
    """The address that the stand-in prints once it listens."""

    def printed() -> re.Match[str] | None:
        assert process.poll() is None, log.read_text()
        return re.search(f"^{READY}(.+)\n", log.read_text(), re.MULTILINE)

    found = wait_until(printed, "the stand-in listens", detail=log.read_text)
    assert found
    return found[1]


def _is_up(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


@dataclass
class Endpoint:
    """An application's endpoint; `check(body, signature, timestamp)` verifies signatures."""

    check: Check
    reply: dict[str, Any] = field(
        default_factory=lambda: {"type": 4, "data": {"content": "Queued"}}
    )
    payloads: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> tuple[int, dict[str, Any]]:
        """The status and the body of the response to a request."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        signature = request.headers["X-Signature-Ed25519"]
        if not self.check(body, signature, request.headers["X-Signature-Timestamp"]):
            return 401, {}
        payload = json.loads(body)
        if payload["type"] == 1:
            return 200, {"type": 1}
        self.payloads.append(payload)
        return 200, self.reply

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Serve on a free port; yields the endpoint's address."""
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status, body = endpoint.answer(self)
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Log nothing: the test says what went wrong."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/interactions"
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)
