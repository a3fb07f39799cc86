"""Tasks of ECS that state machines run: `ecs:runTask`, `.sync` and `.waitForTaskToken`.

LocalStack describes the task with the rights of the machine's role, which AWS does for `.sync`
alone, takes every task that has stopped as a success, and lets it run on when the execution ends.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.api.stepfunctions import HistoryEventType, TaskFailedEventDetails
from localstack.services.stepfunctions.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from localstack.services.stepfunctions.asl.component.common.error_name.error_name import ErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (  # noqa: E501
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import (  # noqa: E501
    state_task_service_ecs,
)
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.asl.utils.boto_client import boto_client_for
from localstack.services.stepfunctions.asl.utils.encoding import to_json_str
from localstack.utils.patch import patch

LOG = logging.getLogger(__name__)

_Service = state_task_service_ecs.StateTaskServiceEcs
_RUN = "run_task"
_NOT_PLACED = "AmazonECS.Unknown"
_ENDED_BY_EXECUTION = "The execution of the state machine has ended."


def apply_patches() -> None:
    """Let state machines run tasks as on AWS."""
    bindings: Any = state_task_service_ecs._SUPPORTED_API_PARAM_BINDINGS
    bindings["runtask"].add("CapacityProviderStrategy")
    _Service._eval_service_task = _run_task

    @patch(_Service._build_sync_resolver)  # type: ignore[untyped-decorator]  # LocalStack is untyped
    def _resolver(original: Any, self: Any, **given: Any) -> _RunningTask:
        submitted = given["env"].stack[-1]["Tasks"][0]
        return _RunningTask(self, given, submitted, original(self, **given))

    @patch(_Service._eval_sync)  # type: ignore[untyped-decorator]  # as above
    def _sync(original: Any, self: Any, env: Any, sync_resolver: Any, **given: Any) -> Any:
        """Stop the task if the execution, or the state, ends before it.

        LocalStack's services share this method.
        """
        outcome = original(self, env=env, sync_resolver=sync_resolver, **given)
        if outcome is None and not env.is_running() and isinstance(sync_resolver, _RunningTask):
            sync_resolver.stop()
        return outcome


@dataclass
class _RunningTask:
    """A task for whose end a state waits. `described`: LocalStack's look, None while it runs."""

    service: Any
    given: Mapping[str, Any]
    submitted: Mapping[str, Any]
    described: Callable[[], Any]

    def __call__(self) -> Any:
        """The task once it has stopped well; None while it runs.

        Raises:
            FailureEventException: it has stopped otherwise.
        """
        task = self.described()
        if task and not _succeeded(task):
            name = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
            raise _failure(self.service, self.given["env"], name, task)
        return task

    def stop(self) -> None:
        """Stop the task, as far as the role of the state machine may."""
        client = boto_client_for(
            region=self.given["resource_runtime_part"].region,
            service="ecs",
            state_credentials=self.given["state_credentials"],
        )
        try:
            client.stop_task(
                cluster=self.submitted["ClusterArn"],
                task=self.submitted["TaskArn"],
                reason=_ENDED_BY_EXECUTION,
            )
        except ClientError as error:
            LOG.warning("a task of a state machine goes on: %s", error)


def _run_task(
    self: Any,
    env: Any,
    resource_runtime_part: Any,
    normalised_parameters: dict[str, Any],
    state_credentials: Any,
) -> None:
    """Run the task; the result is RunTask's answer."""
    client = boto_client_for(
        region=resource_runtime_part.region,
        service=self._get_boto_service_name(),
        state_credentials=state_credentials,
    )
    response = getattr(client, self._get_boto_service_action())(**normalised_parameters)
    response.pop("ResponseMetadata", None)
    if self._get_boto_service_action() == _RUN and not response["tasks"]:
        raise _failure(self, env, CustomErrorName(error_name=_NOT_PLACED), response)
    self._normalise_response(response=response, service_action_name=_RUN)
    env.stack.append(response)


def _succeeded(task: Mapping[str, Any]) -> bool:
    """Whether the containers of a stopped task ended by themselves, without an error."""
    containers = task.get("Containers") or []
    codes = [container.get("ExitCode") for container in containers]
    return task.get("StopCode") == "EssentialContainerExited" and not any(codes)


def _failure(self: Any, env: Any, name: ErrorName, cause: Any) -> FailureEventException:
    details = TaskFailedEventDetails(
        resource=self._get_sfn_resource(),
        resourceType=self._get_sfn_resource_type(),
        error=name.error_name,
        cause=to_json_str(cause),
    )
    event = EventDetails(taskFailedEventDetails=details)
    return FailureEventException(FailureEvent(env, name, HistoryEventType.TaskFailed, event))
