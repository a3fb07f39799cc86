"""The gateway's HTTP server.

LocalStack's own ignores the host of GATEWAY_LISTEN and listens on every interface of the machine.
The emulator runs code for whoever reaches it, so this one listens on the given addresses only, in
plain HTTP, and fails at once when an address is taken.
"""

import logging
import threading
from functools import partial

from localstack import config
from localstack.aws.serving.twisted import stop_thread_pool
from localstack.runtime.server.core import RuntimeServer
from localstack.utils.patch import patch
from rolo.gateway import Gateway
from rolo.serving.twisted import TwistedGateway
from twisted.internet import reactor

LOG = logging.getLogger(__name__)

# Requests still running at shutdown (a long poll may wait 20 s) are given up after this long.
GRACE_SECONDS = 1.0


class StrictServer(RuntimeServer):  # type: ignore[misc]  # untyped base
    """Serves the gateway on exactly the hosts and ports it is given."""

    def register(
        self,
        gateway: Gateway,
        listen: list[config.HostAndPort],
        ssl_creds: tuple[str, str] | None = None,  # noqa: ARG002  # LocalStack's signature
    ) -> None:
        site = TwistedGateway(gateway)
        for address in listen:
            reactor.listenTCP(address.port, site, interface=address.host)
            LOG.info("listening on %s only", address)

    def run(self) -> None:
        reactor.suggestThreadPoolSize(config.GATEWAY_WORKER_COUNT)
        pool = reactor.getThreadPool()
        # A request that is given up at shutdown must not keep the interpreter from ending.
        pool.threadFactory = partial(threading.Thread, daemon=True)
        patch(pool.stop)(stop_thread_pool)
        reactor.run(installSignalHandlers=False)

    def shutdown(self) -> None:
        reactor.getThreadPool().stop(timeout=GRACE_SECONDS)
        reactor.callFromThread(reactor.stop)
