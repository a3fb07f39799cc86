"""Functions in Node.js run as they do on Lambda: their handlers, contexts, errors and logs."""

import json
import re
import shutil
import signal
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ecs_fleet_emulator.errors import InitError, ProcessExitedError
from ecs_fleet_emulator.functions.outcomes import Outcome
from ecs_fleet_emulator.functions.process import FunctionProcess
from ecs_fleet_emulator.functions.runtime_api import Invocation
from ecs_fleet_emulator.functions.runtimes import NodeRuntime
from ecs_fleet_emulator.processes.children import CHILDREN
from emulation.rig.waiting import wait_until

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="there is no `node` on the PATH")

SECONDS = 60
ARN = "arn:aws:lambda:us-east-1:000000000000:function:greet"
TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


class Function:
    """A function whose process runs."""

    def __init__(self, process: FunctionProcess) -> None:
        self.process = process
        self._count = 0

    def outcome(self, event: Any = None) -> Outcome:
        """Of an event. The request ids are request-1, request-2, ..."""
        self._count += 1
        invocation = Invocation(
            request_id=f"request-{self._count}",
            function_arn=ARN,
            trace_id="Root=1-2-3",
            payload=json.dumps(event).encode(),
            deadline_ms=int((time.time() + 900) * 1000),
        )
        return self.process.api.invoke(invocation).result(SECONDS)

    def result(self, event: Any = None) -> Any:
        """What the function returns for an event."""
        outcome = self.outcome(event)
        assert not outcome.is_error, outcome.payload
        return json.loads(outcome.payload)

    def error(self, event: Any = None) -> dict[str, Any]:
        """The error with which the function fails."""
        outcome = self.outcome(event)
        assert outcome.is_error, outcome.payload
        found: dict[str, Any] = json.loads(outcome.payload)
        return found


Start = Callable[..., Function]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the function in a file, and waits until it is loaded."""
    processes = []

    def started(
        source: str,
        handler: str = "index.handler",
        *,
        file: str = "index.js",
        runtime: str = "nodejs22.x",
        **variables: str,
    ) -> Function:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        assert NODE is not None
        environment = {
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": "greet",
            "AWS_LAMBDA_FUNCTION_VERSION": "7",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/greet",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[7]abc",
            "NO_COLOR": "1",
            **variables,
        }
        process = FunctionProcess(
            NodeRuntime(runtime, Path(NODE)), handler, tmp_path, environment, 1000
        )
        processes.append(process)
        process.api.initialised.result(SECONDS)
        return Function(process)

    yield started
    for process in processes:
        process.kill()


@pytest.mark.parametrize(
    ("file", "handler", "source", "runtime"),
    [
        ("index.js", "index.handler", "exports.handler = async (e) => e", "nodejs18.x"),
        ("index.cjs", "index.handler", "exports.handler = async (e) => e", "nodejs20.x"),
        (
            "index.mjs",
            "index.handler",
            "export const handler = async (e) => e",
            "nodejs18.x",
        ),
        ("index.mjs", "index.default", "export default async (e) => e", "nodejs24.x"),
        ("index.mjs", "index.a", "export default { a: async (e) => e }", "nodejs24.x"),
        ("node_modules/p/index.js", "p.handler", "exports.handler = async (e) => e", "nodejs22.x"),
        ("a/b/c.js", "a/b/c.handler", "exports.handler = async (e) => e", "nodejs24.x"),
        ("index.js", "index.a.b", "exports.a = { b: async (e) => e }", "nodejs22.x"),
    ],
)
def test_handlers_are_found_by_their_names(
    start: Start, file: str, handler: str, source: str, runtime: str
) -> None:
    event = {"text": "grüße", "list": [1, None]}
    assert start(source, handler, file=file, runtime=runtime).result(event) == event


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("module", "export const handler = async () => typeof require;"),
        ("commonjs", "exports.handler = async () => typeof require;"),
    ],
)
def test_a_package_says_whether_its_files_are_es_modules(
    start: Start, tmp_path: Path, kind: str, source: str
) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"type": kind}))
    function = start(source, "lib/index.handler", file="lib/index.js")
    assert function.result() == {"module": "undefined", "commonjs": "function"}[kind]


def test_a_process_keeps_its_variables_between_invocations(start: Start) -> None:
    function = start("let count = 0; exports.handler = async () => ++count;")
    assert [function.result() for _ in range(15)] == list(range(1, 16))
    assert function.process.output.take() == "", "Node.js warns of what gathers up"


def test_a_function_that_returns_nothing_returns_null(start: Start) -> None:
    assert start("exports.handler = async () => {};").result() is None


def test_a_function_may_call_back(start: Start) -> None:
    function = start("""
        exports.handler = (event, context, callback) => {
            callback(event, "done"); callback(null, "again");
        };
    """)
    assert function.result() == "done"
    error = {"errorType": "string", "errorMessage": "broken", "trace": []}
    assert function.error("broken") == error
    assert function.result() == "done"


def test_a_callbacks_result_is_posted_when_nothing_is_left_to_do(start: Start) -> None:
    function = start("""
        const seen = [];
        exports.handler = (event, context, callback) => {
            context.callbackWaitsForEmptyEventLoop = event;
            setTimeout(() => seen.push(event), 50);
            callback(null, seen);
        };
    """)
    assert function.result(event=True) == [True]
    assert function.result(event=False) == [True]


def test_a_function_that_neither_returns_a_promise_nor_calls_back_returns_null(
    start: Start,
) -> None:
    function = start("""
        exports.handler = (event) => { setTimeout(() => console.log("later"), 20); return 1; };
    """)
    assert function.result() is None
    assert "later" in function.process.output.take()


@pytest.mark.parametrize(
    ("word", "result"), [("context.succeed(1)", 1), ("context.done(null, 2)", 2)]
)
def test_the_contexts_old_methods_end_an_invocation(start: Start, word: str, result: int) -> None:
    assert start(f"exports.handler = (event, context) => {{ {word}; }};").result() == result


def test_the_contexts_fail_is_an_error(start: Start) -> None:
    function = start("exports.handler = (event, context) => { context.fail(event); };")
    assert function.error("broken")["errorMessage"] == "broken"
    assert function.error()["errorMessage"] == "handled"


def test_node_24_has_no_callbacks(start: Start) -> None:
    with pytest.raises(InitError, match=r"Runtime\.CallbackHandlerDeprecated"):
        start("exports.handler = (event, context, callback) => 1;", runtime="nodejs24.x")
    function = start(
        "exports.handler = (event, context) => ['succeed' in context, event];",
        runtime="nodejs24.x",
    )
    assert function.result(1) == [False, 1]


def test_the_context_describes_the_invocation(start: Start) -> None:
    function = start("""
        exports.handler = async (event, context) => [
            context, context.getRemainingTimeInMillis(), process.env._X_AMZN_TRACE_ID];
    """)
    context, remaining, trace = function.result()
    assert context == {
        "callbackWaitsForEmptyEventLoop": True,
        "functionVersion": "7",
        "functionName": "greet",
        "memoryLimitInMB": "128",
        "logGroupName": "/aws/lambda/greet",
        "logStreamName": "2026/01/01/[7]abc",
        "invokedFunctionArn": ARN,
        "awsRequestId": "request-1",
    }
    assert 800_000 < remaining <= 900_000
    assert trace == "Root=1-2-3"


def test_an_error_has_its_type_its_message_and_where_it_was_thrown(
    start: Start, tmp_path: Path
) -> None:
    function = start("exports.handler = async (event) => { throw new RangeError(event); };")
    error = function.error("too far")
    assert (error["errorType"], error["errorMessage"]) == ("RangeError", "too far")
    assert error["trace"][0] == "RangeError: too far"
    assert f"{tmp_path}/index.js:1:" in error["trace"][1]
    logged = function.process.output.take()
    assert re.match(rf"{TIMESTAMP}\trequest-1\tERROR\tInvoke Error \t{{", logged)
    assert json.loads(logged.split("\t")[-1])["errorMessage"] == "too far"
    assert not function.outcome("again").ends_process


def test_an_error_that_holds_itself_is_logged(start: Start) -> None:
    function = start("""
        exports.handler = async () => {
            const error = new Error("circular"); error.self = error; throw error;
        };
    """)
    assert function.error()["errorMessage"] == "circular"
    logged = json.loads(function.process.output.take().split("\t")[-1])
    assert (logged["errorType"], logged["errorMessage"]) == ("Error", "circular")


def test_a_result_that_is_no_json_is_an_error(start: Start) -> None:
    error = start("exports.handler = async () => 1n;").error()
    assert error["errorMessage"] == "Unable to stringify response body"


@pytest.mark.parametrize(
    ("source", "error_type", "message", "status"),
    [
        ("setTimeout(() => { throw new TypeError('late'); }, 1)", "TypeError", "late", 129),
        (
            "setTimeout(() => Promise.reject(new Error('late')), 1)",
            "Runtime.UnhandledPromiseRejection",
            "Error: late",
            128,
        ),
    ],
)
def test_an_exception_that_nobody_catches_ends_the_process(
    start: Start, source: str, error_type: str, message: str, status: int
) -> None:
    function = start(
        f"exports.handler = async () => {{ {source}; await new Promise(() => {{}}); }};"
    )
    outcome = function.outcome()
    error = json.loads(outcome.payload)
    assert (error["errorType"], error["errorMessage"]) == (error_type, message)
    assert outcome.ends_process
    with pytest.raises(ProcessExitedError, match=str(status)):
        function.outcome()


def test_a_process_that_exits_is_seen(start: Start) -> None:
    function = start("exports.handler = async () => process.exit(3);")
    with pytest.raises(ProcessExitedError, match="3"):
        function.outcome()


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        ("throw new TypeError('no config')", "index.handler", "TypeError", "no config"),
        ("exports.handler = {", "index.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: "),
        (
            "require('@aws-sdk/client-s3')",
            "index.handler",
            "Runtime.ImportModuleError",
            "Error: Cannot find module '@aws-sdk/client-s3'\nRequire stack:\n- ",
        ),
        ("", "main.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'main'"),
        (
            "exports.other = 1",
            "index.handler",
            "Runtime.HandlerNotFound",
            "index.handler is undefined or not exported",
        ),
        (
            "exports.handler = 1",
            "index.handler",
            "Runtime.HandlerNotFound",
            "index.handler is not a function",
        ),
        ("", "index", "Runtime.MalformedHandlerName", "Bad handler"),
        ("", "../index.handler", "Runtime.MalformedHandlerName", "'../index.handler' is not"),
        (
            "exports.handler = awslambda.streamifyResponse(async () => {})",
            "index.handler",
            "Runtime.StreamingNotEmulated",
            "awslambda.streamifyResponse: response streaming is not emulated",
        ),
    ],
)
def test_a_function_that_cannot_be_loaded_says_why(
    start: Start, tmp_path: Path, source: str, handler: str, error_type: str, message: str
) -> None:
    with pytest.raises(InitError) as failed:
        start(source, handler)
    error = json.loads(failed.value.payload)
    assert error["errorType"] == error_type
    assert error["errorMessage"].startswith(message)
    assert error["trace"]
    if error_type == "Runtime.UserCodeSyntaxError":
        assert error["trace"][0] == f"{tmp_path}/index.js:1"


def test_an_es_module_is_loaded_before_the_first_event(start: Start) -> None:
    source = "const value = await new Promise((done) => setTimeout(done, 10, 5));"
    function = start(f"{source} export const handler = async () => value;", file="index.mjs")
    assert function.result() == 5
    with pytest.raises(InitError, match="Cannot find package 'absent'"):
        start("import 'absent'; export const handler = 1;", file="index.mjs")


def test_each_message_of_the_console_is_a_line_with_time_request_and_level(start: Start) -> None:
    function = start("""
        console.log("before");
        exports.handler = async () => {
            console.debug("a", 1); console.info({ b: 2 }); console.warn("%d%%", 3);
            console.error("two\\nlines"); console.log("e"); process.stdout.write("plain\\n");
        };
    """)
    function.result()
    lines = function.process.output.take().splitlines()
    assert [re.sub(TIMESTAMP, "TIME", line) for line in "\n".join(lines).split("\n")] == [
        "TIME\tundefined\tINFO\tbefore",
        "TIME\trequest-1\tDEBUG\ta 1",
        "TIME\trequest-1\tINFO\t{ b: 2 }",
        "TIME\trequest-1\tWARN\t3%",
        "TIME\trequest-1\tERROR\ttwo",
        "lines",
        "TIME\trequest-1\tINFO\te",
        "plain",
    ]


def test_the_log_may_be_json_from_a_level_on(start: Start) -> None:
    function = start(
        """
        exports.handler = async () => {
            console.info("left out"); console.warn({ a: 1 });
            console.error("failed:", new TypeError("b"));
            throw new RangeError("c");
        };
        """,
        AWS_LAMBDA_LOG_FORMAT="JSON",
        AWS_LAMBDA_LOG_LEVEL="Warn",
    )
    function.error()
    lines = function.process.output.take().splitlines()
    warning, error, thrown = (json.loads(line) for line in lines)
    assert (warning["level"], warning["requestId"]) == ("WARN", "request-1")
    assert warning["message"] == {"a": 1}
    assert (error["errorType"], error["errorMessage"]) == ("TypeError", "b")
    assert error["stackTrace"][0] == "TypeError: b"
    assert thrown["level"] == "ERROR"
    assert thrown["message"]["errorType"] == "RangeError"
    assert thrown["message"]["errorMessage"] == "c"


def test_the_wall_clock_is_the_emulators(start: Start, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    function = start(
        "exports.handler = async () => [Date.now(), new Date(), new Date(5), process.env];",
        EMULATOR_CLOCK=str(clock),
        EMULATOR_RUN_FIRST="debugger.py",
    )
    assert abs(function.result()[0] / 1000 - time.time()) < 60
    clock.write_bytes(struct.pack("<q", 3600 * 10**9))
    now, date, fixed, variables = function.result()
    assert abs(now / 1000 - 3600 - time.time()) < 60
    assert date[:13] == time.strftime("%Y-%m-%dT%H", time.gmtime(now / 1000))
    assert fixed == "1970-01-01T00:00:00.005Z"
    assert not [name for name in variables if name.startswith("EMULATOR")]


def test_the_wall_clock_is_moved_in_the_middle_of_an_invocation(
    start: Start, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    function = start(
        """
        exports.handler = async () => {
            const began = Date.now();
            console.log("waits");
            while (Date.now() - began < 3_000_000) await new Promise((done) => setTimeout(done, 5));
        };
        """,
        EMULATOR_CLOCK=str(clock),
    )
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(function.result)
        wait_until(lambda: "waits" in function.process.output.take(), "the function waits")
        clock.write_bytes(struct.pack("<q", 3600 * 10**9))
        CHILDREN.signal(signal.SIGURG)
        assert result.result(SECONDS) is None


def test_a_response_that_is_too_large_is_refused_and_ends_the_process(start: Start) -> None:
    function = start("exports.handler = async () => 'x'.repeat(2000);")
    outcome = function.outcome()
    assert b"Function.ResponseSizeTooLarge" in outcome.payload
    assert outcome.ends_process
    with pytest.raises(ProcessExitedError):
        function.outcome()
    assert function.process.output.take() == ""


def test_packages_of_layers_are_found(start: Start, tmp_path: Path) -> None:
    package = tmp_path / "layer" / "nodejs" / "node_modules" / "greeting"
    package.mkdir(parents=True)
    (package / "index.js").write_text("module.exports = 'hello';")
    assert NODE is not None
    path = NodeRuntime("nodejs22.x", Path(NODE)).variables(
        [tmp_path / "layer"], writes_bytecode=True
    )
    function = start("exports.handler = async () => require('greeting');", **path)
    assert function.result() == "hello"
