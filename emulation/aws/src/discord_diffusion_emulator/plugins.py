"""The plugins that LocalStack finds through the entry points of this distribution. They only wire.

Order: the server plugin is loaded when the runtime is made; `mend_localstack` runs before the
gateway listens; the executor plugin is loaded with the first function; `stop_functions` runs at
shutdown before LocalStack stops its services.
"""

from typing import TYPE_CHECKING

from localstack.runtime import hooks
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.plugins import Service, aws_provider

if TYPE_CHECKING:
    from .functions.executor import ProcessRuntimeExecutor

BEFORE_SERVICES_STOP = 10


class ProcessRuntimeExecutorPlugin(RuntimeExecutorPlugin):  # type: ignore[misc]  # untyped base
    """Runs Lambda functions in processes (LAMBDA_RUNTIME_EXECUTOR=process)."""

    name = "process"

    def load(self, *_args: object, **_kwargs: object) -> "type[ProcessRuntimeExecutor]":
        from .functions.executor import ProcessRuntimeExecutor

        return ProcessRuntimeExecutor


class StrictServerPlugin(RuntimeServerPlugin):  # type: ignore[misc]  # untyped base
    """Serves the gateway on exactly the addresses of GATEWAY_LISTEN (GATEWAY_SERVER=strict)."""

    name = "strict"

    def load(self, *_args: object, **_kwargs: object) -> RuntimeServer:
        from .server import StrictServer

        return StrictServer()


@aws_provider(name="moto")  # type: ignore[untyped-decorator]  # LocalStack is untyped
def dynamodb() -> Service:
    """DynamoDB from moto (PROVIDER_OVERRIDE_DYNAMODB=moto): LocalStack's own needs Java."""
    from .moto_services import through_moto

    return through_moto("dynamodb")


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def mend_localstack() -> None:
    """Correct LocalStack before it serves anything."""
    from . import mending

    mending.apply()


@hooks.on_infra_shutdown(priority=BEFORE_SERVICES_STOP)  # type: ignore[untyped-decorator]  # as above
def stop_functions() -> None:
    """Kill every function's process, and see to it that the emulator ends in time."""
    from . import shutdown

    shutdown.begin()
