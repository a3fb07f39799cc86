"""A function in a process behaves like a function on Lambda."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from running_emulator import Deploy, Emulator, create_function, zipped

from emulation.rig.waiting import wait_until
from tests.targets import HOST, TARGET


def test_a_function_gets_the_event_and_its_response_is_returned(deploy: Deploy) -> None:
    function = deploy("def handler(event, context): return {'got': event}")
    result = function.invoke({"text": "a ☃ and \u0000"})
    assert result.payload == {"got": {"text": "a ☃ and \u0000"}}
    assert result.error is None


def test_the_context_describes_the_function(deploy: Deploy) -> None:
    function = deploy(
        """
        def handler(event, context):
            return {
                "name": context.function_name, "version": context.function_version,
                "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
                "request": context.aws_request_id, "group": context.log_group_name,
                "left": context.get_remaining_time_in_millis(),
            }
        """,
        MemorySize=512,
        Timeout=600,
    )
    result = function.invoke()
    context = result.payload
    assert context["name"] == function.name
    assert context["version"] == "$LATEST"
    assert context["arn"] == function.arn
    assert context["memory"] == "512"
    assert context["group"] == f"/aws/lambda/{function.name}"
    assert f"RequestId: {context['request']}" in result.log
    assert 540_000 < context["left"] <= 600_000


def test_the_environment_has_lambdas_variables_and_the_functions_own_only(deploy: Deploy) -> None:
    function = deploy(
        """
        import os, sys
        def handler(event, context):
            return {"environment": dict(os.environ), "path": sys.path, "folder": os.getcwd()}
        """,
        MemorySize=256,
        Environment={"Variables": {"LOCALSTACK_LIKE": "mine", "EMPTY": ""}},
    )
    result = function.invoke().payload
    environment = result["environment"]
    expected = {
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_ENDPOINT_URL": function.emulator.config.endpoint,
        "_HANDLER": "app.handler",
        "LAMBDA_TASK_ROOT": result["folder"],
        "LOCALSTACK_LIKE": "mine",
        "EMPTY": "",
        "TZ": ":UTC",
    }
    assert expected.items() <= environment.items()
    assert "[$LATEST]" in environment["AWS_LAMBDA_LOG_STREAM_NAME"]
    allowed = r"AWS_|_AWS_XRAY|_X_AMZN|_HANDLER$|LAMBDA_|LANG$|LC_CTYPE$|PATH$|HOME$|TMPDIR$|TZ$"
    extra = [name for name in environment if not re.match(allowed, name)]
    assert sorted(extra) == ["EMPTY", "LOCALSTACK_LIKE"]
    assert result["path"][0] == result["folder"]
    assert not [folder for folder in result["path"] if "localstack" in folder.lower()]


def test_a_function_cannot_import_localstack_and_can_import_boto3(deploy: Deploy) -> None:
    function = deploy(
        """
        import importlib.util
        def handler(event, context):
            names = ("boto3", "localstack", "moto", "psutil")
            return {name: importlib.util.find_spec(name) is not None for name in names}
        """
    )
    assert function.invoke().payload == {
        "boto3": True,
        "localstack": False,
        "moto": False,
        "psutil": False,
    }


def test_boto3_in_a_function_reaches_the_emulator(emulator: Emulator, deploy: Deploy) -> None:
    url = emulator.client("sqs").create_queue(QueueName="from-a-function")["QueueUrl"]
    function = deploy(
        """
        import boto3, os
        sqs = boto3.client("sqs")
        def handler(event, context):
            url = os.environ["QUEUE_URL"]
            return sqs.send_message(QueueUrl=url, MessageBody="hello")["MessageId"]
        """,
        Environment={"Variables": {"QUEUE_URL": url}},
        Timeout=15,
    )
    sent = function.invoke().payload
    received = emulator.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert [message["MessageId"] for message in received] == [sent]


def test_a_warm_process_is_used_again(deploy: Deploy) -> None:
    function = deploy(
        """
        import os
        calls = 0
        def handler(event, context):
            global calls
            calls += 1
            return [os.getpid(), calls]
        """
    )
    results = [function.invoke() for _ in range(3)]
    first = results[0].payload[0]
    assert [result.payload for result in results] == [[first, 1], [first, 2], [first, 3]]
    assert "Init Duration" in results[0].log
    assert "Init Duration" not in results[1].log


def test_concurrent_invocations_run_in_processes_of_their_own(
    deploy: Deploy, tmp_path: Path
) -> None:
    """None ends before all have begun: a process that is free again would get the next one."""
    function = deploy(
        f"""
        import os, pathlib, time
        folder = pathlib.Path({str(tmp_path)!r})
        def handler(event, context):
            (folder / f"begun-{{os.getpid()}}").touch()
            while len(list(folder.glob("begun-*"))) < 4:
                time.sleep(0.01)
            return os.getpid()
        """,
        Timeout=20,
    )
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: function.invoke(), range(4)))
    assert [result.error for result in results] == [None] * 4
    assert len({result.payload for result in results}) == 4


def test_reserved_concurrency_is_respected(
    emulator: Emulator, deploy: Deploy, tmp_path: Path
) -> None:
    started, release = tmp_path / "started", tmp_path / "release"
    function = deploy(
        f"""
        import pathlib, time
        def handler(event, context):
            pathlib.Path({str(started)!r}).touch()
            while not pathlib.Path({str(release)!r}).exists():
                time.sleep(0.01)
        """,
        Timeout=20,
    )
    emulator.client("lambda").put_function_concurrency(
        FunctionName=function.name, ReservedConcurrentExecutions=1
    )
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(function.invoke)
        wait_until(started.exists, "the first invocation runs")
        try:
            with pytest.raises(ClientError) as refused:
                function.invoke()
        finally:
            release.touch()
        assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
        assert first.result().error is None


def test_the_log_has_the_functions_output_between_lambdas_lines(deploy: Deploy) -> None:
    function = deploy(
        """
        import logging, sys
        def handler(event, context):
            print("to standard output", event["n"])
            print("to standard error", file=sys.stderr)
            logging.getLogger().warning("through logging")
        """
    )
    results = [function.invoke({"n": n}) for n in range(2)]
    for n, result in enumerate(results):
        lines = result.log.splitlines()
        request_id = lines[0].split()[2]
        assert lines[0] == f"START RequestId: {request_id} Version: $LATEST"
        assert lines[1:3] == [f"to standard output {n}", "to standard error"]
        assert lines[3].startswith("[WARNING]\t")
        assert lines[3].endswith(f"Z\t{request_id}\tthrough logging")
        assert lines[-2] == f"END RequestId: {request_id}"
        assert re.match(
            rf"REPORT RequestId: {request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
            r"Memory Size: 128 MB\tMax Memory Used: \d+ MB",
            lines[-1],
        )

    def all_written() -> list[str]:
        events = function.log_events()
        return events if len(events) >= 12 else []

    events = wait_until(all_written, "the log is written")
    for kind in ("START", "to standard output 0", "to standard output 1", "END", "REPORT"):
        assert [event for event in events if event.startswith(kind)]


@pytest.mark.skipif(TARGET != HOST, reason="the emulator's image has no `node`")
@pytest.mark.skipif(shutil.which("node") is None, reason="there is no `node` on the PATH")
def test_a_function_in_node_has_lambdas_log_and_a_new_process_after_an_exception(
    deploy: Deploy,
) -> None:
    source = """
        exports.handler = async (event, context) => {
            console.log("event", event);
            const fail = () => { throw new TypeError(event.fails); };
            if (event.fails) await new Promise(() => setTimeout(fail));
            return [process.pid, context.functionName];
        };
    """
    settings = {"Runtime": "nodejs22.x", "Handler": "index.handler"}
    function = deploy("", {"index.js": source}, **settings)
    first, again = function.invoke({"n": 1}), function.invoke({"n": 2})
    assert first.payload == again.payload
    assert again.payload[1] == function.name
    start, printed, end, report = again.log.splitlines()
    request_id = start.split()[2]
    assert start == f"START RequestId: {request_id} Version: $LATEST"
    assert printed.endswith(f"Z\t{request_id}\tINFO\tevent {{ n: 2 }}")
    assert end == f"END RequestId: {request_id}"
    assert report.startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert int(report.partition("Max Memory Used: ")[2].split()[0]) > 0
    failed = function.invoke({"fails": "late"})
    assert failed.error == "Unhandled"
    assert failed.payload["errorType"] == "TypeError"
    assert "/var/task/index.js:" in failed.payload["trace"][1]
    assert "\tERROR\tUncaught Exception " in failed.log
    assert function.invoke({}).payload[0] != first.payload[0]


def test_a_lot_of_output_does_not_block_the_function(deploy: Deploy) -> None:
    function = deploy("def handler(event, context): print('x' * 3_000_000); return 'done'")
    assert function.invoke().payload == "done"


def test_a_changed_environment_starts_a_new_process(emulator: Emulator, deploy: Deploy) -> None:
    function = deploy(
        "import os\ndef handler(event, context): return [os.getpid(), os.environ['WORD']]",
        Environment={"Variables": {"WORD": "old"}},
    )
    old_pid, old_word = function.invoke().payload
    emulator.client("lambda").update_function_configuration(
        FunctionName=function.name, Environment={"Variables": {"WORD": "new"}}
    )
    function.wait_until_active()
    new_pid, new_word = function.invoke().payload
    assert (old_word, new_word) == ("old", "new")
    assert new_pid != old_pid
    wait_until(lambda: not emulator.runs(old_pid), "the old process is gone")


def test_changed_code_starts_a_new_process(emulator: Emulator, deploy: Deploy) -> None:
    function = deploy("def handler(event, context): return 1")
    assert function.invoke().payload == 1
    emulator.client("lambda").update_function_code(
        FunctionName=function.name,
        ZipFile=zipped({"app.py": "def handler(event, context): return 2"}),
    )
    function.wait_until_active()
    assert function.invoke().payload == 2


def test_a_deleted_function_leaves_no_process(emulator: Emulator) -> None:
    code = zipped({"app.py": "import os\ndef handler(event, context): return os.getpid()"})
    function = create_function(emulator, {"ZipFile": code})
    pid = function.invoke().payload
    emulator.client("lambda").delete_function(FunctionName=function.name)
    wait_until(lambda: not emulator.runs(pid), "the process is gone")


def test_hot_reload_runs_a_local_folder_and_notices_changes(
    emulator: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text("import part\ndef handler(event, context): return part.WORD")
    (tmp_path / "part.py").write_text("WORD = 'one'")
    code = {"S3Bucket": "hot-reload", "S3Key": str(tmp_path)}
    function = create_function(emulator, code)
    assert [function.invoke().payload, function.invoke().payload] == ["one", "one"]
    # The same size within the same second: byte code of the old text must not be taken for it.
    (tmp_path / "part.py").write_text("WORD = 'two'")
    assert function.invoke().payload == "two"
    (tmp_path / "part.py").write_text("WORD = ")
    assert function.invoke().payload["errorType"] == "Runtime.UserCodeSyntaxError"
    (tmp_path / "part.py").write_text("WORD = 'six'")
    assert function.invoke().payload == "six"
    assert not (tmp_path / "__pycache__").exists()
    emulator.client("lambda").delete_function(FunctionName=function.name)


def test_layers_are_on_the_import_path(emulator: Emulator, deploy: Deploy) -> None:
    layer = emulator.client("lambda").publish_layer_version(
        LayerName="words", Content={"ZipFile": zipped({"python/words.py": "WORD = 'layered'"})}
    )
    function = deploy(
        "import words\ndef handler(event, context): return words.WORD",
        Layers=[layer["LayerVersionArn"]],
    )
    assert function.invoke().payload == "layered"


def test_each_environment_has_a_folder_for_temporary_files(deploy: Deploy) -> None:
    function = deploy(
        """
        import pathlib, tempfile
        def handler(event, context):
            note = pathlib.Path(tempfile.gettempdir(), "note")
            found = note.exists()
            note.write_text("kept")
            return [str(note), found]
        """
    )
    (path, first), (_, second) = function.invoke().payload, function.invoke().payload
    assert (first, second) == (False, True)
    assert Path(path).is_relative_to(function.emulator.config.state_dir)


def test_a_runtime_without_an_interpreter_is_refused_by_name(emulator: Emulator) -> None:
    code = {"ZipFile": zipped({"App.java": ""})}
    function = create_function(emulator, code, Runtime="java21", Handler="App::handle")
    client = emulator.client("lambda")
    found = client.get_function_configuration(FunctionName=function.name)
    assert found["State"] == "Failed"
    assert "'java21' cannot run here" in found["StateReason"]
    assert "python3.13" in found["StateReason"]
    client.delete_function(FunctionName=function.name)


def test_invocations_and_errors_are_counted_in_cloudwatch(
    emulator: Emulator, deploy: Deploy
) -> None:
    function = deploy("def handler(event, context): return 1 / event['by']")
    for by in (1, 1, 0):
        function.invoke({"by": by})

    def total(metric: str) -> float:
        now = datetime.now(UTC)
        found = emulator.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": function.name}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return sum(point["Sum"] for point in found["Datapoints"])

    wait_until(lambda: total("Invocations") == 3, "three invocations are counted")
    assert total("Errors") == 1
