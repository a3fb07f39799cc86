"""The plugins that LocalStack finds through this distribution's entry points. They only wire.

Order: the server plugin is loaded when the runtime is made; the `on_infra_start` hooks run before
the gateway listens; a service is made with its first request, the executor plugin with the first
function; `end_process` runs at shutdown before LocalStack stops its services.
"""

from typing import TYPE_CHECKING

from localstack.runtime import hooks
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.plugins import Service, aws_provider

from .fleet.agent import FleetAgent

if TYPE_CHECKING:
    from .functions.executor import ProcessRuntimeExecutor

AGENT = FleetAgent()
"""The emulator's fleet agent; it does nothing before a region's fleets are used."""

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
    """DynamoDB of moto (PROVIDER_OVERRIDE_DYNAMODB=moto)."""
    from .services import dynamodb

    return dynamodb.service()


@aws_provider(name="patched")  # type: ignore[untyped-decorator]  # as above
def cloudwatch() -> Service:
    """CloudWatch of LocalStack (PROVIDER_OVERRIDE_CLOUDWATCH=patched)."""
    from .cloudwatch import alarms

    return alarms.service(AGENT)


@aws_provider(name="patched")  # type: ignore[untyped-decorator]  # as above
def ec2() -> Service:
    """EC2 of LocalStack (PROVIDER_OVERRIDE_EC2=patched)."""
    from .services import ec2

    return ec2.service()


@aws_provider(name="patched")  # type: ignore[untyped-decorator]  # as above
def stepfunctions() -> Service:
    """Step Functions of LocalStack (PROVIDER_OVERRIDE_STEPFUNCTIONS=patched)."""
    from .services import stepfunctions

    return stepfunctions.service(AGENT)


@aws_provider(name="patched")  # type: ignore[untyped-decorator]  # as above
def events() -> Service:
    """EventBridge of LocalStack (PROVIDER_OVERRIDE_EVENTS=patched)."""
    from .services import events

    return events.service(AGENT)


@aws_provider()  # type: ignore[untyped-decorator]  # as above
def ecs() -> Service:
    from .services import ecs

    return ecs.service(AGENT)


@aws_provider()  # type: ignore[untyped-decorator]  # as above
def ecr() -> Service:
    from .services.moto_service import moto_service

    return moto_service("ecr")


@aws_provider()  # type: ignore[untyped-decorator]  # as above
def autoscaling() -> Service:
    from .services import autoscaling

    return autoscaling.service(AGENT)


@aws_provider(api="application-autoscaling")  # type: ignore[untyped-decorator]
def application_autoscaling() -> Service:
    from .services import application_autoscaling

    return application_autoscaling.service()


@aws_provider()  # type: ignore[untyped-decorator]  # as above
def budgets() -> Service:
    from .services import budgets

    return budgets.service()


@aws_provider(api="service-quotas")  # type: ignore[untyped-decorator]
def service_quotas() -> Service:
    from .services import service_quotas

    return service_quotas.service()


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def patch_localstack() -> None:
    from . import localstack_patches

    localstack_patches.apply()


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def shorten_garbage_collection() -> None:
    from . import garbage_collection

    garbage_collection.keep_pauses_short()


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def add_fleet_endpoints() -> None:
    from localstack.services.edge import ROUTER

    from .fleet.endpoints import FleetEndpoints

    FleetEndpoints(AGENT).add_to(ROUTER)


@hooks.on_infra_shutdown(priority=BEFORE_SERVICES_STOP)  # type: ignore[untyped-decorator]  # as above
def end_process() -> None:
    from . import server

    server.end_process()
