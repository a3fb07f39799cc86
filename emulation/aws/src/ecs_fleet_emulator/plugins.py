"""The plugins that LocalStack finds through this distribution's entry points.

Order: the server plugin is loaded when the runtime is made; the `on_infra_start` hooks run before
the gateway listens; a service is made at its first request, the executor plugin with the first
function; `end_process` runs at shutdown before LocalStack stops its services.
"""

# ruff: noqa: E402  # the names of LocalStack first

from importlib import import_module
from typing import TYPE_CHECKING

from . import localemu_compat

localemu_compat.install()

from localstack.runtime import hooks
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.plugins import Service, aws_provider
from plux import PluginSpec

from .fleet.agent import FleetAgent

if TYPE_CHECKING:
    from .functions.executor import ProcessRuntimeExecutor

AGENT = FleetAgent()
"""The emulator's fleet agent; it does nothing before a region's fleets are used."""

BEFORE_SERVICES_STOP = 10
AFTER_OTHER_HOOKS = -10


class ProcessRuntimeExecutorPlugin(RuntimeExecutorPlugin):  # type: ignore[misc]  # untyped base
    """Runs Lambda functions in processes (LAMBDA_RUNTIME_EXECUTOR=process)."""

    name = "process"

    def load(self, *_args: object, **_kwargs: object) -> "type[ProcessRuntimeExecutor]":
        from .functions import concurrency
        from .functions.executor import ProcessRuntimeExecutor

        concurrency.bound_processes()
        return ProcessRuntimeExecutor


class StrictServerPlugin(RuntimeServerPlugin):  # type: ignore[misc]  # untyped base
    """Serves the gateway on exactly the addresses of GATEWAY_LISTEN (GATEWAY_SERVER=strict)."""

    name = "strict"

    def load(self, *_args: object, **_kwargs: object) -> RuntimeServer:
        from .server import StrictServer

        return StrictServer()


def _provider(api: str, module: str, *arguments: object, name: str = "moto") -> PluginSpec:
    """The plugin of an AWS API, whose service the function `service` of `module` makes.

    The module and the code that it patches are loaded with the first request.
    """

    def service() -> Service:
        return import_module(f"{__package__}.{module}").service(*arguments)

    return aws_provider(api=api, name=name)(service)


application_autoscaling = _provider(
    "application-autoscaling", "services.application_autoscaling", AGENT
)
autoscaling = _provider("autoscaling", "services.autoscaling", AGENT)
budgets = _provider("budgets", "services.budgets")
ce = _provider("ce", "services.ce")
cloudwatch = _provider("cloudwatch", "cloudwatch.alarms", AGENT, name="patched")
dynamodb = _provider("dynamodb", "services.dynamodb")
ec2 = _provider("ec2", "services.ec2", AGENT, name="patched")
ecs = _provider("ecs", "services.ecs", AGENT)
fis = _provider("fis", "services.fis", AGENT, name="emulator")
events = _provider("events", "services.events", AGENT, name="patched")
service_quotas = _provider("service-quotas", "services.service_quotas")
logs = _provider("logs", "services.logs", name="patched")
sqs = _provider("sqs", "services.sqs", name="patched")
stepfunctions = _provider("stepfunctions", "services.stepfunctions", AGENT, name="patched")


@aws_provider(name="moto")  # type: ignore[untyped-decorator]  # LocalStack is untyped
def ecr() -> Service:
    from .services.moto_service import moto_service

    return moto_service("ecr")


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def patch_localstack() -> None:
    from . import json_calls, localstack_patches, service_models

    service_models.apply()
    localstack_patches.apply()
    json_calls.apply()
    if localemu_compat.IS_LOCALEMU:
        localemu_compat.apply_patches()


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def shorten_garbage_collection() -> None:
    from . import garbage_collection

    garbage_collection.keep_pauses_short()


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def add_fleet_endpoints() -> None:
    from localstack.services.edge import ROUTER

    from .fleet.endpoints import FleetEndpoints

    FleetEndpoints(AGENT).add_to(ROUTER)


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def add_clock_endpoints() -> None:
    from localstack.services.edge import ROUTER

    from .clock import endpoints, sources
    from .clock.advance import ADVANCER

    endpoints.add_to(ROUTER)
    sources.add_to(ADVANCER)


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def enforce_iam() -> None:
    from localstack.services.edge import ROUTER

    from .iam import endpoints
    from .iam.settings import is_enforced

    if is_enforced():
        from localstack.aws.handlers import serve_custom_service_request_handlers

        from .iam import enforcement

        serve_custom_service_request_handlers.append(enforcement.enforce)
    endpoints.add_to(ROUTER)


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def add_snapshot_endpoints() -> None:
    from localstack.services.edge import ROUTER

    from .snapshots.endpoints import SnapshotEndpoints

    SnapshotEndpoints(AGENT).add_to(ROUTER)


@hooks.on_infra_start(priority=AFTER_OTHER_HOOKS)  # type: ignore[untyped-decorator]  # as above
def restore_snapshot() -> None:
    from .snapshots.endpoints import restore_at_start

    restore_at_start(AGENT)


@hooks.on_infra_ready()  # type: ignore[untyped-decorator]  # as above
def begin_garbage_collection() -> None:
    from . import garbage_collection

    garbage_collection.begin()


@hooks.on_infra_shutdown(priority=BEFORE_SERVICES_STOP)  # type: ignore[untyped-decorator]  # as above
def end_process() -> None:
    from . import server

    server.end_process()
