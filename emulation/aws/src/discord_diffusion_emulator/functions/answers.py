"""What an invocation ends with: the function's own answer, or Lambda's when there is none.

The texts are those that the service gives:
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

import json
import signal
from dataclasses import dataclass

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100


@dataclass(frozen=True)
class Answer:
    """The end of an invocation: the payload for the caller, and what the log says about it.

    `ends_process`: the process is of no more use.
    """

    payload: bytes
    is_error: bool = False
    log: str = ""
    status: str = ""
    ends_process: bool = False


def _error(error_type: str, message: str, log: str, status: str) -> Answer:
    payload = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return Answer(payload, is_error=True, log=log, status=status, ends_process=True)


def timed_out(request_id: str, seconds: int, now: str) -> Answer:
    """The function did not answer within its `seconds`; `now` is an ISO time for the log."""
    task = f"Task timed out after {seconds}.00 seconds"
    return _error(
        "Sandbox.Timedout",
        f"RequestId: {request_id} Error: {task}",
        f"{now} {request_id} {task}\n\n",
        "timeout",
    )


def exited(request_id: str, return_code: int) -> Answer:
    """The process ended without an answer; a negative `return_code` is a signal's number."""
    error = f"RequestId: {request_id} Error: {_reason(return_code)}"
    return _error("Runtime.ExitError", error, f"{error}\nRuntime.ExitError\n", "error")


def too_large(size: int) -> Answer:
    """The function's answer is larger than Lambda passes on; its process gives up over that."""
    message = (
        f"Response payload size ({size} bytes) exceeded maximum allowed payload size "
        f"({MAX_RESPONSE_BYTES} bytes)."
    )
    return _error("Function.ResponseSizeTooLarge", message, f"{message}\n", "error")


def _reason(return_code: int) -> str:
    if return_code == 0:
        return "Runtime exited without providing a reason"
    if return_code > 0:
        return f"Runtime exited with error: exit status {return_code}"
    name = signal.strsignal(-return_code) or str(-return_code)
    return f"Runtime exited with error: signal: {name.lower()}"
