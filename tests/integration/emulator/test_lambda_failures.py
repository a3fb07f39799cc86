"""Failures of functions are reported as on Lambda."""

import re
from pathlib import Path

import pytest
from running_emulator import Deploy, Emulator

from emulation.rig.waiting import wait_until


def test_a_module_that_cannot_be_imported_is_an_init_error(deploy: Deploy) -> None:
    function = deploy("import missing_module")
    result = function.invoke()
    assert result.error == "Unhandled"
    assert result.payload["errorType"] == "Runtime.ImportModuleError"
    assert (
        result.payload["errorMessage"]
        == "Unable to import module 'app': No module named 'missing_module'"
    )
    assert "[ERROR] Runtime.ImportModuleError" in result.log
    assert "Status: error" in result.log


@pytest.mark.parametrize(
    ("source", "error_type"),
    [
        ("x = 1", "Runtime.HandlerNotFound"),
        ("def handler(:", "Runtime.UserCodeSyntaxError"),
        ("raise ValueError('at import')", "ValueError"),
    ],
)
def test_other_init_errors_have_lambdas_names(deploy: Deploy, source: str, error_type: str) -> None:
    result = deploy(source).invoke()
    assert (result.error, result.payload["errorType"]) == ("Unhandled", error_type)


def test_a_failed_initialisation_is_tried_again(deploy: Deploy, tmp_path: Path) -> None:
    flag = tmp_path / "ready"
    function = deploy(
        f"""
        from pathlib import Path
        if not Path({str(flag)!r}).exists():
            raise RuntimeError("not yet")
        def handler(event, context): return "ready"
        """
    )
    assert function.invoke().payload["errorMessage"] == "not yet"
    assert function.invoke().payload["errorMessage"] == "not yet"
    flag.touch()
    assert function.invoke().payload == "ready"


def test_an_exception_of_the_handler_is_returned_with_its_traceback(deploy: Deploy) -> None:
    function = deploy(
        """
        def handler(event, context):
            raise LookupError("nothing here")
        """
    )
    result = function.invoke()
    assert result.error == "Unhandled"
    assert result.payload["errorType"] == "LookupError"
    assert result.payload["errorMessage"] == "nothing here"
    assert result.payload["requestId"] in result.log
    assert 'raise LookupError("nothing here")' in result.payload["stackTrace"][-1]
    assert "[ERROR] LookupError: nothing here" in result.log


def test_the_process_survives_an_exception_of_the_handler(deploy: Deploy) -> None:
    function = deploy(
        """
        import os
        def handler(event, context):
            if event.get("fail"): raise ValueError(os.getpid())
            return os.getpid()
        """
    )
    failed = int(function.invoke({"fail": True}).payload["errorMessage"])
    assert function.invoke().payload == failed


def test_a_response_that_is_not_json_is_an_error(deploy: Deploy) -> None:
    result = deploy("def handler(event, context): return object()").invoke()
    assert (result.error, result.payload["errorType"]) == ("Unhandled", "Runtime.MarshalError")


def test_a_response_over_six_mebibytes_is_refused(deploy: Deploy) -> None:
    function = deploy("def handler(event, context): return 'x' * event['size']", Timeout=20)
    assert len(function.invoke({"size": 5_000_000}).payload) == 5_000_000
    result = function.invoke({"size": 7_000_000})
    assert (result.error, result.payload["errorType"]) == (
        "Unhandled",
        "Function.ResponseSizeTooLarge",
    )
    assert function.invoke({"size": 1}).payload == "x"


def test_a_function_that_times_out_is_killed_with_its_child_processes(
    emulator: Emulator, deploy: Deploy
) -> None:
    function = deploy(
        """
        import os, subprocess, sys, time
        helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        def handler(event, context):
            if not event: return [os.getpid()]
            print("pids", os.getpid(), helper.pid)
            time.sleep(60)
        """,
        Timeout=1,
    )
    warm = function.invoke().payload[0]
    result = function.invoke({"sleep": True})
    assert result.error == "Unhandled"
    assert result.payload["errorType"] == "Sandbox.Timedout"
    assert result.payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in result.log
    assert "Status: timeout" in result.log
    late, helper = (int(pid) for pid in re.findall(r"pids (\d+) (\d+)", result.log)[0])
    assert late == warm
    wait_until(lambda: not emulator.runs(late), "the function is gone")
    wait_until(lambda: not emulator.runs(helper), "its child process is gone")

    def answer() -> list[int]:
        """Of a new process, whose start is a part of the invocation: a slow one times out, too."""
        found = function.invoke()
        return [] if found.error else list(found.payload)

    assert wait_until(answer, "another process answers")[0] not in (late, helper)


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os._exit(7)", "Runtime exited with error: exit status 7"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_crash_is_reported_and_the_process_replaced(
    deploy: Deploy, death: str, reason: str
) -> None:
    function = deploy(
        f"""
        import os
        def handler(event, context):
            if event:
                print("last words")
                {death}
            return os.getpid()
        """
    )
    first = function.invoke().payload
    result = function.invoke({"die": True})
    assert result.error == "Unhandled"
    assert result.payload["errorType"] == "Runtime.ExitError"
    assert result.payload["errorMessage"].endswith(f"Error: {reason}")
    assert "last words" in result.log
    assert "Runtime.ExitError" in result.log
    second = function.invoke()
    assert second.error is None
    assert second.payload != first


def test_a_process_that_died_between_two_invocations_is_replaced(
    emulator: Emulator, deploy: Deploy
) -> None:
    function = deploy("import os\ndef handler(event, context): return os.getpid()")
    first = function.invoke().payload
    emulator.kill_function(first)
    second = function.invoke()
    assert second.error is None
    assert second.payload != first
