"""Lambda's own errors and log lines have the service's texts."""

import json
from pathlib import Path

import pytest

from ecs_fleet_emulator.functions import outcomes


@pytest.mark.parametrize(
    ("return_code", "reason"),
    [
        (0, "Runtime exited without providing a reason"),
        (3, "Runtime exited with error: exit status 3"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_the_exit_of_a_process_is_reported_with_lambdas_error(
    return_code: int, reason: str
) -> None:
    outcome = outcomes.exited("id-1", return_code)
    assert json.loads(outcome.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: id-1 Error: {reason}",
    }
    assert outcome.is_error
    assert outcome.ends_process


def test_a_timeout_names_the_functions_own_limit() -> None:
    outcome = outcomes.timed_out("id-1", 3, "2026-01-01T00:00:00.000Z")
    assert json.loads(outcome.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: id-1 Error: Task timed out after 3.00 seconds",
    }
    assert outcome.log.startswith("2026-01-01T00:00:00.000Z id-1 Task timed out")


def test_a_cold_start_is_reported_and_billed() -> None:
    usage = outcomes.Usage(10.2, 128, 40, init_ms=100.5)
    log = outcomes.invocation_log("id-1", "$LATEST", "no end of line", usage)
    assert log == (
        "START RequestId: id-1 Version: $LATEST\n"
        "no end of line\n"
        "END RequestId: id-1\n"
        "REPORT RequestId: id-1\tDuration: 10.20 ms\tBilled Duration: 111 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 40 MB\tInit Duration: 100.50 ms\t\n"
    )


def test_a_failure_is_reported_with_its_status() -> None:
    log = outcomes.invocation_log("id-1", "1", "", outcomes.Usage(1, 128, 40), status="timeout")
    assert "Init Duration" not in log
    assert log.endswith("Max Memory Used: 40 MB\tStatus: timeout\t\n")


@pytest.mark.parametrize("folder", ["/tmp/state/code", "/tmp/übung/code"])
def test_traces_name_lambdas_folder_of_the_code(folder: str) -> None:
    error = {"stackTrace": [f'  File "{folder}/app.py", line 2, in handler\n']}
    for payload in (json.dumps(error), json.dumps(error, ensure_ascii=False)):
        shown = json.loads(outcomes.with_task_root(payload.encode(), Path(folder)))
        assert shown == {"stackTrace": ['  File "/var/task/app.py", line 2, in handler\n']}
