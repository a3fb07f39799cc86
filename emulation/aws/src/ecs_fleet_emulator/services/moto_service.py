"""Makes services of moto that LocalStack's open release lacks."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from localstack.aws.api import RequestContext
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import _proxy_moto, call_moto
from localstack.services.plugins import Service

from . import request_members
from .request_members import Table

Operation = Callable[[RequestContext, Any], Any]


def moto_service(
    name: str,
    operations: Mapping[str, Operation] | None = None,
    on_change: Callable[[RequestContext], None] | None = None,
    members: Table | None = None,
) -> Service:
    """The service `name` with every operation of AWS's model answered by moto.

    `operations` replaces moto's handlers of some operations; `on_change` is called after each
    operation that may change something. An operation that moto lacks is answered with status 501
    and its name; with `members`, so is what of a request has no entry there.
    """
    model = load_service(name)
    handlers: dict[str, Operation] = dict.fromkeys(model.operation_names, _proxy_moto)
    handlers |= operations or {}
    for operation, handler in handlers.items():
        if members is not None:
            handler = handlers[operation] = _with_members(handler, members)
        if on_change is not None and not operation.startswith(("Describe", "List", "Get")):
            handlers[operation] = _with_notification(handler, on_change)
    return Service(name, skeleton=Skeleton(model, handlers))


def checked(backends: Any, check: Callable[[Any, Any], None]) -> Operation:
    """An operation of moto's, before which `check` gets moto's backend and the request."""

    def called(context: RequestContext, request: Any) -> Any:
        check(backends[context.account_id][context.region], request)
        return call_moto(context)

    return called


def refuse(what: str) -> NoReturn:
    """Refuse, with status 501, what would otherwise be accepted and ignored."""
    raise NotImplementedError(f"the emulator does not act out {what}")


def refused(what: str) -> Operation:
    """An operation that is refused by name."""

    def called(_context: RequestContext, _request: Any) -> Any:
        refuse(what)

    return called


def _with_members(handler: Operation, members: Table) -> Operation:
    def called(context: RequestContext, request: Any) -> Any:
        if what := request_members.refused(members, context.operation, request):
            refuse(what)
        return handler(context, request)

    return called


def _with_notification(handler: Operation, notify: Callable[[RequestContext], None]) -> Operation:
    def called(context: RequestContext, request: Any) -> Any:
        try:
            return handler(context, request)
        finally:
            notify(context)

    return called
