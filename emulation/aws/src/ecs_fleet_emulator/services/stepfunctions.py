"""Step Functions of LocalStack: waits at the agent's speed, tracing, the end of executions.

A definition is parsed once, not by each of its executions.
"""

import datetime
import functools
import time
from collections.abc import Collection, Mapping
from typing import Any

from localstack.aws.api.stepfunctions import ExecutionStatus, StateMachineType
from localstack.services.plugins import Service
from localstack.services.stepfunctions.asl.component.common.path import result_path
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service.state_task_service_callback import (  # noqa: E501
    StateTaskServiceCallback,
)
from localstack.services.stepfunctions.asl.component.state.state_wait.wait_function import (
    timestamp,
    wait_function,
)
from localstack.services.stepfunctions.asl.parse.asl_parser import AmazonStateLanguageParser
from localstack.services.stepfunctions.asl.utils import json_path
from localstack.services.stepfunctions.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)
from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker
from localstack.services.stepfunctions.backend.state_machine import StateMachineInstance
from localstack.services.stepfunctions.backend.store import sfn_stores
from localstack.services.stepfunctions.provider import StepFunctionsProvider
from localstack.utils.patch import patch

from ecs_fleet_emulator.clock.advance import ADVANCER
from ecs_fleet_emulator.clock.waits import Waits
from ecs_fleet_emulator.fleet.agent import FleetAgent

from . import stepfunctions_ecs

KEPT_EXECUTIONS = 100
"""The number of ended executions that can still be described."""

KEPT_DEFINITIONS = 128
"""The number of definitions that stay parsed."""

LONGEST_LAST_STATE_SECONDS = 30
"""The time for which the deletion of a state machine waits for the states that still run."""

_OTHER_CHANGES = ("definition", "role_arn", "logging_configuration")


def service(agent: FleetAgent) -> Service:
    """Step Functions, whose waits for seconds are divided by `alarm_speed`.

    A wait until a time is not: that is a time of users. LocalStack cuts it to whole seconds, and
    compares it with the local time.
    """

    def wait(_function: Any, env: Any, wait_seconds: float) -> None:
        """Wait in a Wait state until its time is over, or the execution has ended."""
        owner = env.aws_execution_details
        _wait(env, wait_seconds / agent.settings(owner.account, owner.region).alarm_speed)

    ADVANCER.sources["executions"] = EXECUTIONS
    stepfunctions_ecs.apply_patches()
    _patch_waits_for_others()
    wait_function.WaitFunction._wait_interval = wait
    timestamp.Timestamp._eval_body = _wait_until
    # Generates a parser for each path that is read or written; executions have the same few again
    # and again. The same is true of definitions, whose components keep no state of an execution.
    json_path.parse = functools.cache(json_path.parse)
    result_path.parse = functools.cache(result_path.parse)
    ExecutionWorker._get_evaluation_entrypoint = _program
    _patch_express_executions()

    @patch(StateMachineInstance.describe)  # type: ignore[untyped-decorator]  # LocalStack is untyped
    def _describe(original: Any, self: Any) -> Any:
        """Add the tracing configuration that was given; disabled if there was none."""
        return {"tracingConfiguration": self.tracing_config or {"enabled": False}} | original(self)

    @patch(StepFunctionsProvider.update_state_machine)  # type: ignore[untyped-decorator]  # as above
    def _update(
        original: Any, self: Any, context: Any, state_machine_arn: str, **given: Any
    ) -> Any:
        """Apply a tracing configuration, which LocalStack ignores, and refuses without others."""
        machine = self.get_store(context).state_machines.get(state_machine_arn)
        tracing = given.get("tracing_configuration")
        if machine is not None and tracing:
            machine.tracing_config = tracing
            if not any(given.get(name) for name in _OTHER_CHANGES):
                given["role_arn"] = machine.role_arn
        return original(self, context, state_machine_arn, **given)

    @patch(StepFunctionsProvider.delete_state_machine)  # type: ignore[untyped-decorator]  # as above
    def _delete(
        original: Any, self: Any, context: Any, state_machine_arn: str, **given: Any
    ) -> Any:
        """Delete a state machine and end its executions, which LocalStack lets run on.

        AWS ends each at its next transition, and the machine is gone when all have ended:
        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
        Terraform waits for that before it removes the role that the executions have.
        """
        deleted = original(self, context, state_machine_arn, **given)
        _end_executions(self.get_store(context).executions, state_machine_arn)
        return deleted

    return Service.for_provider(StepFunctionsProvider())


def _patch_waits_for_others() -> None:
    """Let time be moved while an execution waits for a task, or for a token."""
    for wait in (
        StateTaskServiceCallback._eval_sync,
        StateTaskServiceCallback._eval_wait_for_task_token,
    ):

        @patch(wait)  # type: ignore[untyped-decorator]  # LocalStack is untyped
        def _wait_for_others(original: Any, self: Any, env: Any, *args: Any, **given: Any) -> Any:
            EXECUTIONS.waits_for_others[id(env)] = execution_of(env)
            try:
                return original(self, env, *args, **given)
            finally:
                EXECUTIONS.waits_for_others.pop(id(env), None)


def _patch_express_executions() -> None:
    @patch(Execution.publish_execution_status_change_event)  # type: ignore[untyped-decorator]  # LocalStack is untyped
    def _publish(original: Any, self: Any) -> None:
        """Publish no event of an Express execution: AWS has them of Standard ones alone.

        https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
        """
        if self.sm_type != StateMachineType.EXPRESS:
            original(self)

    @patch(BaseExecutionWorkerCommunication.terminated)  # type: ignore[untyped-decorator]  # as above
    def _terminated(original: Any, self: Any) -> None:
        """Forget an Express execution that has ended: AWS describes and lists Standard ones alone.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
        """
        original(self)
        ended = self.execution
        if ended.sm_type == StateMachineType.EXPRESS:
            sfn_stores[ended.account_id][ended.region_name].executions.pop(ended.exec_arn, None)
            # Else a circle, which stays if the garbage collection freezes it meanwhile.
            ended.exec_worker = None


@functools.lru_cache(maxsize=KEPT_DEFINITIONS)
def _parsed(definition: str) -> Any:
    program, _tree = AmazonStateLanguageParser.parse(definition)
    return program


def _program(worker: Any) -> Any:
    """What an execution evaluates."""
    return _parsed(worker._evaluation_details.state_machine_details.definition)


def _end_executions(executions: Mapping[str, Any], machine: str) -> None:
    """Stop the running executions of a state machine, and wait until their last state is over."""
    own = [e for e in list(executions.values()) if e.state_machine_arn == machine]
    end = time.monotonic() + LONGEST_LAST_STATE_SECONDS
    while (running := [e for e in own if _is_running(e)]) and time.monotonic() < end:
        for execution in running:
            if execution.exec_worker and execution.exec_worker.env:
                execution.stop(datetime.datetime.now(tz=datetime.UTC), None, None)
        time.sleep(0.05)


def _wait_until(function: Any, env: Any) -> None:
    """Wait in a Wait state until a time, or until the execution has ended."""
    function.string.eval(env=env)
    text = env.stack.pop()
    if not function._is_valid_timestamp_pattern(text):
        raise timestamp.FailureEventException(function._create_failure_event(env, text))
    _wait(env, datetime.datetime.fromisoformat(text).timestamp() - time.time())


def _wait(env: Any, seconds: float) -> None:
    EXECUTIONS.waits.wait(seconds, execution_of(env), env.program_state_event, env.is_running)


def execution_of(env: Any) -> str:
    """The ARN of the execution that a state belongs to."""
    return str(env.states.context_object.context_object_data["Execution"]["Id"])


class Executions:
    """Executions of state machines: those that wait become due, the others are under way."""

    def __init__(self) -> None:
        self.waits = Waits()
        """Branches of executions that are in a Wait state, by their executions' ARNs."""
        self.waits_for_others: dict[int, str] = {}
        """ARNs of executions that wait for a task or a token, which may need time to pass."""

    def due(self) -> float | None:
        """When the next wait is over."""
        return self.waits.due()

    def run_due(self) -> bool:
        """Wake the executions whose wait is over."""
        return self.waits.wake_due()

    def busy(self) -> str:
        """Executions in another state than Wait."""
        # One that began to wait while the clock was moved has not heard of it.
        is_waking = self.waits.wake_due()
        waiting = self.waits.owners() | set(self.waits_for_others.copy().values())
        running = [
            arn
            for _, _, store in sfn_stores.iter_stores()
            for arn, execution in list(store.executions.items())
            if _is_running(execution) and arn not in waiting
        ]
        if not running and not is_waking:
            return ""
        return f"executions that go on: {', '.join(running)}"


EXECUTIONS = Executions()


def is_any_running(owner: tuple[str, str], machines: Collection[str]) -> bool:
    """Whether an execution of one of the state machines, given by their ARNs, is running."""
    executions = list(sfn_stores[owner[0]][owner[1]].executions.values())
    return any(e.state_machine_arn in machines and _is_running(e) for e in executions)


def delete_old_executions(account: str, region: str) -> None:
    """Delete all but the newest ended executions, which LocalStack never deletes."""
    executions = sfn_stores[account][region].executions
    ended = [arn for arn, execution in list(executions.items()) if not _is_running(execution)]
    for arn in ended[:-KEPT_EXECUTIONS]:
        executions.pop(arn, None)


def _is_running(execution: object) -> bool:
    return bool(getattr(execution, "exec_status", None) == ExecutionStatus.RUNNING)
