"""The gateway's HTTP server, and the shutdown of the emulator's process within seconds.

LocalStack's own server ignores the host of GATEWAY_LISTEN and listens on every interface. The
emulator runs the code of any client that reaches it, so this server listens on the given addresses
only, in plain HTTP, and fails at once if an address is in use. It refuses what foreign web pages
send, which LocalStack lets pass for API Gateway and S3, and from pages without an origin.
"""

import json
import logging
import math
import os
import sys
import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from localstack import config
from localstack.runtime import events, get_current_runtime
from localstack.runtime.server.core import RuntimeServer
from rolo.gateway import Gateway
from rolo.gateway.wsgi import WsgiGateway

from .experiments.api_faults import LOST
from .foreign_requests import refusal
from .http_server import Header, HttpServer
from .processes.children import CHILDREN

LOG = logging.getLogger(__name__)

# Requests that still run at shutdown (a long poll may wait 20 s) are abandoned after this time.
GRACE_SECONDS = 1.0

# At shutdown LocalStack's services wait for their threads, which may be in a long call. No state
# survives a restart, so no data is lost when the process exits before they end.
SHUTDOWN_SECONDS = 3.0

_LONGEST_REFUSED_BODY = 65_536
"""Bytes of a refused request that are read, so that its sender gets to know why: whole files of
foreign web pages would fill the memory."""


class LocalGateway:
    """A WSGI application: LocalStack's gateway, without what foreign web pages may have sent.

    What the emulator's services ask of each other does not come over the network, nor by here.
    """

    def __init__(self, gateway: Gateway, own_name: str) -> None:
        self._application = WsgiGateway(gateway)
        self._own_names = (own_name,)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def header(name: str) -> str | None:
            value: str | None = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
            return value

        reason = refusal(header, self._own_names)
        if not reason:
            answer: Iterable[bytes] = self._application(environ, start_response)
            if environ.get(LOST):
                raise ConnectionAbortedError("an experiment lets this request get lost")
            return answer
        LOG.warning("refused: %s", reason)
        body = json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        start_response("403 Forbidden", headers)
        return [body]

    def longest_body(self, header: Header) -> float:
        """How many bytes of a request's body may be read."""
        return _LONGEST_REFUSED_BODY if refusal(header, self._own_names) else math.inf


class StrictServer(RuntimeServer):  # type: ignore[misc]  # untyped base
    """Serves the gateway on exactly the hosts and ports that it is given."""

    def __init__(self) -> None:
        self._servers: list[HttpServer] = []
        self._stopped = threading.Event()

    def register(
        self,
        gateway: Gateway,
        listen: list[config.HostAndPort],
        ssl_creds: tuple[str, str] | None = None,  # noqa: ARG002  # LocalStack's signature
    ) -> None:
        application = LocalGateway(gateway, config.LOCALSTACK_HOST.host)
        for address in listen:
            server = HttpServer(address.host, address.port, application, application.longest_body)
            self._servers.append(server)
            LOG.info("listening on %s only", address)

    def run(self) -> None:
        if self._stopped.is_set():
            return
        for server in self._servers:
            server.start()
        # In short waits: a signal that comes just before a wait does not interrupt it.
        while not self._stopped.wait(1):
            pass

    def shutdown(self) -> None:
        for server in self._servers:
            server.stop(GRACE_SECONDS)
        self._stopped.set()


def end_process() -> None:
    """Kill all functions and tasks, and make this process end within SHUTDOWN_SECONDS."""
    CHILDREN.kill_all()
    # Docker's client is loaded with the first task that runs in a container.
    if containers := sys.modules.get("ecs_fleet_emulator.tasks.container"):
        containers.kill_all()
    # Not a daemon thread: those stop while the interpreter finalizes, which takes a second.
    threading.Thread(target=_exit_process, name="process-exit").start()


def _exit_process() -> None:
    """Exit once LocalStack has cleaned up, without joining its remaining threads."""
    if not events.infra_stopped.wait(SHUTDOWN_SECONDS):
        LOG.warning("the shutdown is not complete after %s s; exiting anyway", SHUTDOWN_SECONDS)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(get_current_runtime().exit_code)
