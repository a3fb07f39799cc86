"""The gateway's HTTP server, and the shutdown of the emulator's process within seconds.

LocalStack's own server ignores the host of GATEWAY_LISTEN and listens on every interface. The
emulator runs the code of any client that reaches it, so this server listens on the given addresses
only, in plain HTTP, and fails at once if an address is in use. It refuses what foreign web pages
send, which LocalStack lets pass for API Gateway and S3, and from pages without an origin.
"""

import json
import logging
import os
import sys
import threading
from functools import partial
from http import HTTPStatus
from typing import Any

from localstack import config
from localstack.aws.serving.twisted import stop_thread_pool
from localstack.runtime import events, get_current_runtime
from localstack.runtime.server.core import RuntimeServer
from localstack.utils.patch import patch
from rolo.gateway import Gateway
from rolo.serving.twisted import TwistedGateway
from twisted.internet import reactor
from twisted.python.components import proxyForInterface
from twisted.web.http import Request
from twisted.web.resource import IResource

from .foreign_requests import refusal
from .processes.children import CHILDREN

LOG = logging.getLogger(__name__)

# Requests that still run at shutdown (a long poll may wait 20 s) are abandoned after this time.
GRACE_SECONDS = 1.0

# At shutdown LocalStack's services wait for their threads, which may be in a long call. No state
# survives a restart, so no data is lost when the process exits before they end.
SHUTDOWN_SECONDS = 3.0


class LocalResource(proxyForInterface(IResource)):  # type: ignore[misc]  # untyped base
    """Hands requests to LocalStack's gateway, unless a foreign web page may have sent them.

    What the emulator's services ask of each other does not come over the network, nor by here. This
    runs in the reactor's thread, before an upgrade: rolo refuses WebSockets from another thread,
    which leaves the reactor with closed connections.
    """

    def __init__(self, original: IResource, own_name: str) -> None:
        super().__init__(original)
        self._own_names = (own_name,)

    def render(self, request: Request) -> Any:
        reason = refusal(request.getHeader, self._own_names)
        if not reason:
            return super().render(request)
        LOG.warning("refused: %s", reason)
        request.setResponseCode(HTTPStatus.FORBIDDEN)
        request.setHeader("Content-Type", "application/json")
        request.setHeader("Connection", "close")
        return json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()


class StrictServer(RuntimeServer):  # type: ignore[misc]  # untyped base
    """Serves the gateway on exactly the hosts and ports that it is given."""

    def register(
        self,
        gateway: Gateway,
        listen: list[config.HostAndPort],
        ssl_creds: tuple[str, str] | None = None,  # noqa: ARG002  # LocalStack's signature
    ) -> None:
        site = TwistedGateway(gateway)
        # LocalStack parses bodies itself; Twisted would parse the type of each as an e-mail's.
        site.requestFactory = partial(site.requestFactory, parsePOSTFormSubmission=False)
        site.resource = LocalResource(site.resource, config.LOCALSTACK_HOST.host)
        for address in listen:
            reactor.listenTCP(address.port, site, interface=address.host)
            LOG.info("listening on %s only", address)

    def run(self) -> None:
        reactor.suggestThreadPoolSize(config.GATEWAY_WORKER_COUNT)
        pool = reactor.getThreadPool()
        # Daemon threads, so that an abandoned request does not keep the interpreter from exiting.
        pool.threadFactory = partial(threading.Thread, daemon=True)
        patch(pool.stop)(stop_thread_pool)
        reactor.run(installSignalHandlers=False)

    def shutdown(self) -> None:
        reactor.getThreadPool().stop(timeout=GRACE_SECONDS)
        reactor.callFromThread(reactor.stop)


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
