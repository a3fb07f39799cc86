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
    from discord_diffusion_emulator.functions.executor import ProcessRuntimeExecutor

BEFORE_SERVICES_STOP = 10


class ProcessRuntimeExecutorPlugin(RuntimeExecutorPlugin):  # type: ignore[misc]  # untyped base
    """Runs Lambda functions in processes (LAMBDA_RUNTIME_EXECUTOR=process)."""

    name = "process"

    def load(self, *_args: object, **_kwargs: object) -> "type[ProcessRuntimeExecutor]":
        from discord_diffusion_emulator.functions.executor import ProcessRuntimeExecutor

        return ProcessRuntimeExecutor


class StrictServerPlugin(RuntimeServerPlugin):  # type: ignore[misc]  # untyped base
    """Serves the gateway on exactly the addresses of GATEWAY_LISTEN (GATEWAY_SERVER=strict)."""

    name = "strict"

    def load(self, *_args: object, **_kwargs: object) -> RuntimeServer:
        from discord_diffusion_emulator.server import StrictServer

        return StrictServer()


@aws_provider(name="moto")  # type: ignore[untyped-decorator]  # LocalStack is untyped
def dynamodb() -> Service:
    """DynamoDB from moto (PROVIDER_OVERRIDE_DYNAMODB=moto): LocalStack's own needs Java."""
    from discord_diffusion_emulator.services import moto_service as moto_services

    return moto_services.dynamodb()


@aws_provider(name="scaling")  # type: ignore[untyped-decorator]  # as above
def cloudwatch() -> Service:
    """LocalStack's CloudWatch, its alarms carrying out scaling policies too."""
    from localstack.services.cloudwatch.provider_v2 import CloudwatchProvider

    from discord_diffusion_emulator.cloudwatch import alarms as cloudwatch

    cloudwatch.mend()
    return Service.for_provider(CloudwatchProvider())


@aws_provider(name="mended")  # type: ignore[untyped-decorator]  # as above
def ec2() -> Service:
    """LocalStack's EC2 with launch templates as Terraform expects them."""
    from localstack.services.ec2.provider import Ec2Provider
    from localstack.services.moto import MotoFallbackDispatcher

    from discord_diffusion_emulator.services import ec2

    ec2.mend()
    return Service.for_provider(Ec2Provider(), dispatch_table_factory=MotoFallbackDispatcher)


@aws_provider(name="mended")  # type: ignore[untyped-decorator]  # as above
def stepfunctions() -> Service:
    """LocalStack's Step Functions with what Terraform asks of a state machine, and paced waits."""
    from localstack.services.stepfunctions.provider import StepFunctionsProvider

    from discord_diffusion_emulator.services import events as pacing
    from discord_diffusion_emulator.services import stepfunctions as state_machines

    state_machines.mend()
    pacing.mend_waits()
    return Service.for_provider(StepFunctionsProvider())


@aws_provider(name="paced")  # type: ignore[untyped-decorator]  # as above
def events() -> Service:
    """LocalStack's EventBridge, its rates exact and paced."""
    from localstack.services.events.provider import EventsProvider

    from discord_diffusion_emulator.services import events as pacing

    pacing.mend_events()
    return Service.for_provider(EventsProvider())


@aws_provider()  # type: ignore[untyped-decorator]  # as above
def ecs() -> Service:
    """ECS from moto, its tasks by the fleet agent."""
    from discord_diffusion_emulator.services import moto_service as moto_services

    return moto_services.ecs()


@aws_provider()  # type: ignore[untyped-decorator]  # as above
def ecr() -> Service:
    """ECR from moto."""
    from discord_diffusion_emulator.services.moto_service import through_moto

    return through_moto("ecr")


@aws_provider()  # type: ignore[untyped-decorator]  # as above
def autoscaling() -> Service:
    """Auto Scaling from moto, its instances by the fleet agent."""
    from discord_diffusion_emulator.services import moto_service as moto_services

    return moto_services.autoscaling()


@aws_provider(api="application-autoscaling")  # type: ignore[untyped-decorator]
def application_autoscaling() -> Service:
    """Application Auto Scaling from moto, its policies carried out by alarms."""
    from discord_diffusion_emulator.services import moto_service as moto_services

    return moto_services.application_autoscaling()


@aws_provider()  # type: ignore[untyped-decorator]  # as above
def budgets() -> Service:
    """Budgets from moto."""
    from discord_diffusion_emulator.services import moto_service as moto_services

    return moto_services.budgets()


@aws_provider(api="service-quotas")  # type: ignore[untyped-decorator]
def service_quotas() -> Service:
    """Service Quotas from moto, with the quotas of GPU instances."""
    from discord_diffusion_emulator.services import moto_service as moto_services

    return moto_services.service_quotas()


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def mend_localstack() -> None:
    """Correct LocalStack before it serves anything."""
    from discord_diffusion_emulator import localstack_patches as mending

    mending.apply()


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def keep_pauses_short() -> None:
    """Collect garbage without keeping requests waiting."""
    from discord_diffusion_emulator import garbage_collection as collecting

    collecting.begin()


@hooks.on_infra_start()  # type: ignore[untyped-decorator]  # as above
def serve_fleets() -> None:
    """Routes for tasks and people, answered once the agent is needed."""
    from localstack.services.edge import ROUTER

    from discord_diffusion_emulator.fleet import routes

    routes.add_to(ROUTER)


@hooks.on_infra_shutdown(priority=BEFORE_SERVICES_STOP)  # type: ignore[untyped-decorator]  # as above
def stop_functions() -> None:
    """Kill every function's process, and see to it that the emulator ends in time."""
    from discord_diffusion_emulator import shutdown

    shutdown.begin()
