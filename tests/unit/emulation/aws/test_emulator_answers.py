"""What a caller gets when a function gives no answer of its own."""

import json

import pytest
from discord_diffusion_emulator.functions import answers, report


@pytest.mark.parametrize(
    ("return_code", "reason"),
    [
        (0, "Runtime exited without providing a reason"),
        (3, "Runtime exited with error: exit status 3"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_the_end_of_a_process_is_told_as_lambda_tells_it(return_code: int, reason: str) -> None:
    answer = answers.exited("id-1", return_code)
    assert json.loads(answer.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: id-1 Error: {reason}",
    }
    assert answer.is_error
    assert answer.ends_process


def test_a_time_out_names_the_functions_own_limit() -> None:
    answer = answers.timed_out("id-1", 3, "2026-01-01T00:00:00.000Z")
    assert json.loads(answer.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: id-1 Error: Task timed out after 3.00 seconds",
    }
    assert answer.log.startswith("2026-01-01T00:00:00.000Z id-1 Task timed out")


def test_the_log_of_a_cold_start_tells_its_length_and_bills_it() -> None:
    figures = report.Figures(10.2, 128, 40, init_ms=100.5)
    log = report.wrap("id-1", "$LATEST", "no end of line", figures)
    assert log == (
        "START RequestId: id-1 Version: $LATEST\n"
        "no end of line\n"
        "END RequestId: id-1\n"
        "REPORT RequestId: id-1\tDuration: 10.20 ms\tBilled Duration: 111 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 40 MB\tInit Duration: 100.50 ms\t\n"
    )


def test_the_log_of_a_failure_tells_its_status() -> None:
    log = report.wrap("id-1", "1", "", report.Figures(1, 128, 40), status="timeout")
    assert "Init Duration" not in log
    assert log.endswith("Max Memory Used: 40 MB\tStatus: timeout\t\n")
