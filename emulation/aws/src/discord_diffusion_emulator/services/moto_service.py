"""Makes services of moto that LocalStack's open release lacks."""

from collections.abc import Callable, Mapping
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import _proxy_moto
from localstack.services.plugins import Service

Operation = Callable[[RequestContext, Any], Any]


def moto_service(
    name: str,
    operations: Mapping[str, Operation] | None = None,
    on_change: Callable[[RequestContext], None] | None = None,
) -> Service:
    """The service `name` with every operation of AWS's model answered by moto.

    `operations` replaces moto's handlers of some operations; `on_change` is called after each
    operation that may change something. An operation that moto lacks is answered with status 501
    and its name.
    """
    model = load_service(name)
    handlers: dict[str, Operation] = dict.fromkeys(model.operation_names, _proxy_moto)
    handlers |= operations or {}
    for operation, handler in handlers.items():
        if on_change is not None and not operation.startswith(("Describe", "List", "Get")):
            handlers[operation] = _with_notification(handler, on_change)
    return Service(name, skeleton=Skeleton(model, handlers))


def _with_notification(handler: Operation, notify: Callable[[RequestContext], None]) -> Operation:
    def called(context: RequestContext, request: Any) -> Any:
        try:
            return handler(context, request)
        finally:
            notify(context)

    return called
