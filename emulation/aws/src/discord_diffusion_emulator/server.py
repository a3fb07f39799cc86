"""The gateway's HTTP server, and the shutdown of the emulator's process within seconds.

LocalStack's own server ignores the host of GATEWAY_LISTEN and listens on every interface. The
emulator runs the code of any client that reaches it, so this server listens on the given addresses
only, in plain HTTP, and fails at once if an address is in use. It refuses what foreign web pages
send, which LocalStack lets pass for API Gateway and S3, and from pages without an origin.
"""

import logging
import os
import sys
import threading
from functools import partial
from http import HTTPStatus

from localstack import config
from localstack.aws.serving.twisted import stop_thread_pool
from localstack.http import Request, Response
from localstack.runtime import events, get_current_runtime
from localstack.runtime.server.core import RuntimeServer
from localstack.utils.patch import patch
from rolo.gateway import Gateway
from rolo.serving.twisted import TwistedGateway
from rolo.websocket.request import WebSocketRequest
from twisted.internet import reactor

from .foreign_requests import refusal
from .processes.children import CHILDREN

LOG = logging.getLogger(__name__)

# Requests that still run at shutdown (a long poll may wait 20 s) are abandoned after this time.
GRACE_SECONDS = 1.0

# At shutdown LocalStack's services wait for their threads, which may be in a long call. No state
# survives a restart, so no data is lost when the process exits before they end.
SHUTDOWN_SECONDS = 3.0


class LocalGateway(Gateway):  # type: ignore[misc]  # untyped base
    """Hands requests to LocalStack's gateway, unless a foreign web page may have sent them.

    What the emulator's services ask of each other does not come over the network, nor by here.
    """

    def __init__(self, gateway: Gateway, own_name: str) -> None:
        super().__init__()
        self._gateway = gateway
        self._own_names = (own_name,)

    def process(self, request: Request, response: Response) -> None:
        reason = refusal(request.headers, self._own_names)
        if reason:
            _refuse(response, reason)
        else:
            self._gateway.process(request, response)

    def accept(self, request: WebSocketRequest) -> None:
        reason = refusal(request.headers, self._own_names)
        if reason:
            response = Response()
            _refuse(response, reason)
            request.reject(response)
        else:
            self._gateway.accept(request)


def _refuse(response: Response, reason: str) -> None:
    LOG.warning("refused: %s", reason)
    response.status_code = HTTPStatus.FORBIDDEN
    response.set_json({"__type": "AccessDeniedException", "message": reason})


class StrictServer(RuntimeServer):  # type: ignore[misc]  # untyped base
    """Serves the gateway on exactly the hosts and ports that it is given."""

    def register(
        self,
        gateway: Gateway,
        listen: list[config.HostAndPort],
        ssl_creds: tuple[str, str] | None = None,  # noqa: ARG002  # LocalStack's signature
    ) -> None:
        site = TwistedGateway(LocalGateway(gateway, config.LOCALSTACK_HOST.host))
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
    if containers := sys.modules.get("discord_diffusion_emulator.tasks.container"):
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
