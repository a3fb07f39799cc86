"""Outcomes of invocations: a function's response or Lambda's error, and the lines of its log.

The error texts are those of the service:
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

import json
import math
import signal
from dataclasses import dataclass
from pathlib import Path

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100
TASK_ROOT = "/var/task"


@dataclass(frozen=True)
class Outcome:
    """The payload for the caller, and its lines and status in the log.

    `ends_process`: the function's process must not be used again.
    """

    payload: bytes
    is_error: bool = False
    log: str = ""
    status: str = ""
    ends_process: bool = False


def _error(error_type: str, message: str, log: str, status: str) -> Outcome:
    payload = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return Outcome(payload, is_error=True, log=log, status=status, ends_process=True)


def timed_out(request_id: str, seconds: int, now: str) -> Outcome:
    """The function did not respond within its `seconds`; `now` is an ISO time for the log."""
    task = f"Task timed out after {seconds}.00 seconds"
    return _error(
        "Sandbox.Timedout",
        f"RequestId: {request_id} Error: {task}",
        f"{now} {request_id} {task}\n\n",
        "timeout",
    )


def exited(request_id: str, return_code: int) -> Outcome:
    """The process ended without a response; a negative `return_code` is a signal's number."""
    if return_code == 0:
        reason = "Runtime exited without providing a reason"
    elif return_code > 0:
        reason = f"Runtime exited with error: exit status {return_code}"
    else:
        name = signal.strsignal(-return_code) or str(-return_code)
        reason = f"Runtime exited with error: signal: {name.lower()}"
    error = f"RequestId: {request_id} Error: {reason}"
    return _error("Runtime.ExitError", error, f"{error}\nRuntime.ExitError\n", "error")


def injected_error() -> Outcome:
    """An experiment lets the invocation fail; the process is used again. The text is assumed."""
    payload = {"errorType": "InjectedFault", "errorMessage": "A fault injected by AWS FIS."}
    return Outcome(json.dumps(payload).encode(), is_error=True, status="error")


def too_large(limit: int) -> Outcome:
    """The response is larger than the `limit` in bytes; the runtime exits after it."""
    message = f"Response payload size exceeded maximum allowed payload size ({limit} bytes)."
    return _error("Function.ResponseSizeTooLarge", message, f"{message}\n", "error")


def with_task_root(payload: bytes, folder: Path) -> bytes:
    """An error's payload, whose traces name Lambda's folder of the code, not this machine's."""
    for real in {str(folder), json.dumps(str(folder))[1:-1]}:
        payload = payload.replace(real.encode(), TASK_ROOT.encode())
    return payload


@dataclass(frozen=True)
class Usage:
    """What one invocation used: milliseconds, and mebibytes of memory."""

    duration_ms: float
    memory_size_mb: int
    max_memory_mb: int
    init_ms: float | None = None

    def report(self, request_id: str, status: str) -> str:
        """The REPORT line."""
        billed_ms = math.ceil(self.duration_ms + (self.init_ms or 0.0))
        parts = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {self.duration_ms:.2f} ms",
            f"Billed Duration: {billed_ms} ms",
            f"Memory Size: {self.memory_size_mb} MB",
            f"Max Memory Used: {self.max_memory_mb} MB",
        ]
        if self.init_ms is not None:
            parts.append(f"Init Duration: {self.init_ms:.2f} ms")
        if status:
            parts.append(f"Status: {status}")
        return "\t".join(parts) + "\t"


def invocation_log(
    request_id: str, version: str, output: str, usage: Usage, status: str = ""
) -> str:
    """The log of one invocation: START, the function's `output`, END and REPORT."""
    if output and not output.endswith("\n"):
        output += "\n"
    return (
        f"START RequestId: {request_id} Version: {version}\n"
        f"{output}"
        f"END RequestId: {request_id}\n"
        f"{usage.report(request_id, status)}\n"
    )
