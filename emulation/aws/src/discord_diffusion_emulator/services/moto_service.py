"""Services that LocalStack's open release lacks and moto has, on the same endpoint."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import _proxy_moto
from localstack.services.plugins import Service

Operation = Callable[[RequestContext, Any], Any]


def through_moto(
    name: str,
    own: Mapping[str, Operation] | None = None,
    after_change: Callable[[RequestContext], None] | None = None,
) -> Service:
    """The service `name` with every operation of AWS's model answered by moto.

    `own` answers some operations instead of moto; `after_change` is called after each operation
    that may have changed something. An operation that moto lacks is answered with 501 and the
    operation's name.
    """
    model = load_service(name)
    operations: dict[str, Operation] = dict.fromkeys(model.operation_names, _proxy_moto)
    operations |= own or {}
    if after_change is not None:
        for operation, handler in operations.items():
            if not operation.startswith(("Describe", "List", "Get")):
                operations[operation] = _followed(handler, after_change)
    return Service(name, skeleton=Skeleton(model, operations))


def _followed(handler: Operation, after: Callable[[RequestContext], None]) -> Operation:
    def called(context: RequestContext, request: Any) -> Any:
        try:
            return handler(context, request)
        finally:
            after(context)

    return called


def dynamodb() -> Service:
    """DynamoDB, one call after the other.

    moto looks at a condition and then writes, with nothing to keep other threads out in between:
    of several conditional writes at once more than one would succeed.
    """
    from discord_diffusion_emulator.services import dynamodb as tables

    tables.mend()
    lock = Lock()

    def called(context: RequestContext, request: Any) -> Any:
        with lock:
            return _proxy_moto(context, request)

    operations = load_service("dynamodb").operation_names
    return through_moto("dynamodb", dict.fromkeys(operations, called))


def ecs() -> Service:
    """ECS, whose tasks the fleet agent runs."""
    from discord_diffusion_emulator.services import ecs

    ecs.mend()
    return through_moto("ecs", ecs.OPERATIONS, _wake)


def autoscaling() -> Service:
    """Auto Scaling, whose instances the fleet agent brings."""
    from discord_diffusion_emulator.services import autoscaling as groups

    groups.mend()
    return through_moto("autoscaling", groups.OPERATIONS, _wake)


def application_autoscaling() -> Service:
    """Application Auto Scaling, whose policies the alarms carry out."""
    from discord_diffusion_emulator.services import application_autoscaling as scaling

    return through_moto("application-autoscaling", scaling.OPERATIONS)


def budgets() -> Service:
    """Budgets, which are kept and never reached."""
    from discord_diffusion_emulator.services import budgets

    return through_moto("budgets", budgets.OPERATIONS)


def service_quotas() -> Service:
    """Service Quotas, with those of GPU instances."""
    from discord_diffusion_emulator.services import service_quotas as quotas

    return through_moto("service-quotas", quotas.OPERATIONS)


def _wake(context: RequestContext) -> None:
    from discord_diffusion_emulator.fleet.agent import wake

    wake(context.account_id, context.region)
