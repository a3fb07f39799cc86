"""Patches of LocalStack's core, of its IAM and of its Lambda service, each with its reason."""

import time
from collections import defaultdict
from typing import Any

from localstack.aws import skeleton
from localstack.aws.api import RequestContext
from localstack.aws.connect import ClientFactory
from localstack.aws.handlers import service as handlers_service
from localstack.aws.handlers.service import ServiceExceptionSerializer
from localstack.aws.handlers.service_plugin import ServiceLoader
from localstack.aws.skeleton import Skeleton
from localstack.services.iam.resources.service_linked_roles import SERVICE_LINKED_ROLES
from localstack.services.lambda_.invocation import version_manager
from localstack.services.lambda_.invocation.assignment import AssignmentService
from localstack.services.lambda_.invocation.lambda_service import LambdaService
from localstack.services.lambda_.invocation.logs import LogHandler
from localstack.utils import common, threads
from localstack.utils.patch import patch
from localstack.utils.scheduler import ScheduledTask

from . import role_clients
from .functions import telemetry
from .service_models import kept_by_service
from .unfinished_threads import UnfinishedThreads

# Names of service-linked roles that LocalStack does not know; it would make up others.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
# https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
_SERVICE_LINKED_ROLES = {
    "spot.amazonaws.com": "AWSServiceRoleForEC2Spot",
    "ecs.application-autoscaling.amazonaws.com": (
        "AWSServiceRoleForApplicationAutoScaling_ECSService"
    ),
}


class _Environments(dict[str, Any]):
    """The environments of a function version, which can be iterated while another is added.

    LocalStack iterates over `values()` while other invocations start environments, which fails with
    "dictionary changed size during iteration" when several invocations arrive at once.
    """

    def values(self) -> Any:
        return list(super().values())


def _with_operation(context: RequestContext, error: NotImplementedError) -> NotImplementedError:
    """The error with the name of the missing operation, which LocalStack's text leaves out."""
    operation = f"{context.service.service_name}.{context.operation.name}"
    detail = f": {error.args[0]}" if error.args else ""
    return NotImplementedError(f"{operation} is not emulated here{detail}")


def _start_thread(method: Any, **given: Any) -> Any:
    """Start a thread, but none to count an invocation: that takes less time than its start."""
    if given.get("name", "").startswith("record-cloudwatch-metric"):
        return method()
    return threads.start_thread(method, **given)


def _patch_loading_and_schedules() -> None:
    complete: set[str] = set()

    @patch(ServiceLoader.require_service)  # type: ignore[untyped-decorator]  # as below
    def _require_service(
        original: Any, loader: Any, chain: Any, context: RequestContext, response: Any
    ) -> None:
        """Wait until a service that another request loads has all its operations.

        LocalStack takes it for loaded just before it adds them: a request that came in between was
        answered with status 501.
        """
        original(loader, chain, context, response)
        if context.service and (name := context.service.service_name) not in complete:
            with loader.service_locks[name]:
                complete.add(name)

    @patch(ScheduledTask.set_next_deadline)  # type: ignore[untyped-decorator]  # as below
    def _set_next_deadline(original: Any, task: Any) -> None:
        """A late task is not run as often as it was missed, which is often where time moves."""
        original(task)
        task.deadline = max(task.deadline, time.time())


def apply() -> None:
    """Apply all patches. Called once, before anything is served."""
    _patch_loading_and_schedules()
    for service, name in _SERVICE_LINKED_ROLES.items():
        role = {"role_name": name, "attached_policies": [], "suffix_allowed": False}
        SERVICE_LINKED_ROLES[service] = {"service": service, **role}

    # LocalStack keeps a parser and a serializer for each description of a service. Each task of a
    # state machine has a client with a description of its own, so the router of the whole service
    # was made anew: two thirds of the task's time, and never forgotten.
    for module in (handlers_service, skeleton):
        module.create_parser = kept_by_service(module.create_parser)
        module.create_serializer = kept_by_service(module.create_serializer)

    ClientFactory.with_assumed_role = role_clients.kept(ClientFactory.with_assumed_role)

    @patch(AssignmentService.__init__)  # type: ignore[untyped-decorator]  # LocalStack is untyped
    def _init(original: Any, service: Any) -> None:
        original(service)
        service.environments = defaultdict(_Environments)

    @patch(LambdaService.stop_version)  # type: ignore[untyped-decorator]  # as above
    def _stop_version(original: Any, service: Any, qualified_arn: str) -> None:
        """Allow the deletion of a function whose creation failed: no version of it runs."""
        active = (service.lambda_running_versions, service.lambda_starting_versions)
        if any(qualified_arn in versions for versions in active):
            original(service, qualified_arn)

    LogHandler.run_log_loop = telemetry.write_logs
    version_manager.start_thread = _start_thread
    # Before any service that has the list is imported.
    threads.TMP_THREADS = common.TMP_THREADS = UnfinishedThreads(threads.TMP_THREADS)
    version_manager.record_cw_metric_invocation = telemetry.count_invocation
    version_manager.record_cw_metric_error = telemetry.count_error

    @patch(Skeleton.on_not_implemented_error)  # type: ignore[untyped-decorator]  # as above
    def _on_not_implemented_error(
        original: Any, skeleton: Any, serializer: Any, context: RequestContext, error: Any
    ) -> Any:
        return original(skeleton, serializer, context, _with_operation(context, error))

    @patch(ServiceExceptionSerializer.create_exception_response)  # type: ignore[untyped-decorator]
    def _create_exception_response(
        original: Any, handler: Any, error: Any, context: RequestContext
    ) -> Any:
        if context.operation and isinstance(error, NotImplementedError):
            error = _with_operation(context, error)
        return original(handler, error, context)
