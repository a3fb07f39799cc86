"""The executions of Step Functions that LocalStack keeps, none of which it ever forgets."""

from collections.abc import Collection

from localstack.aws.api.stepfunctions import ExecutionStatus
from localstack.services.stepfunctions.backend.store import sfn_stores

KEPT = 100
"""Ended executions, with their whole histories, that can still be asked for."""


def runs(account: str, region: str, machines: Collection[str]) -> bool:
    """Whether an execution of one of the state machines, named by their ARNs, has not ended."""
    there = list(sfn_stores[account][region].executions.values())
    return any(one.state_machine_arn in machines and _is_running(one) for one in there)


def forget_old(account: str, region: str) -> None:
    """Drop all but the newest ended ones."""
    executions = sfn_stores[account][region].executions
    ended = [arn for arn, one in list(executions.items()) if not _is_running(one)]
    for arn in ended[:-KEPT]:
        executions.pop(arn, None)


def _is_running(execution: object) -> bool:
    return bool(getattr(execution, "exec_status", None) == ExecutionStatus.RUNNING)
