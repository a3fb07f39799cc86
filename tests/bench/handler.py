"""Measures the Lambda `interactions`: its cold start, and each request after it."""

import json
import os
import statistics
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from infra.package.build import build
from tests.unit.aws.aws_server import EMPTY, serve
from tests.unit.functions.conftest import KEY, event_v1, imagine, make_caller
from toolchain.layout import Layout, python_of

# Times what Lambda counts as Init, and the first request, which opens a connection.
_COLD_START = """
import json, sys, time
event = json.load(sys.stdin)
started = time.perf_counter()
from discord_diffusion.functions.interactions.handler import handler
imported = time.perf_counter()
assert handler(event, None)["statusCode"] == 200
ended = time.perf_counter()
print(json.dumps({"import": 1000 * (imported - started), "first": 1000 * (ended - imported)}))
"""


def cold_start_ms(runs: int = 9) -> dict[str, float]:
    """Milliseconds to import the handler and to answer its first command, medians of `runs`.

    Each run is a new process of the interpreter that the emulator gives functions, on the unpacked
    package; no bytecode is written, as on Lambda.
    """
    layout = Layout.of_this_checkout()
    with tempfile.TemporaryDirectory() as folder, serve() as sqs:
        package = Path(folder) / "lambda.zip"
        build(package, "3.13", "host", python_of(layout.lambda_environment))
        sqs.fixed_answers = EMPTY
        with zipfile.ZipFile(package) as archive:
            archive.extractall(Path(folder) / "code")
        environment = {
            "PATH": os.defpath,
            "PYTHONDONTWRITEBYTECODE": "1",
            "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/jobs.fifo",
            "DISCORD_PUBLIC_KEY": KEY.verify_key.encode().hex(),
            "AWS_REGION": "us-east-1",
            "JOBS_TABLE": "bench-jobs",
            "WAKE_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:wake",
            "CONFIRM_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:c",
            "LOG_LEVEL": "ERROR",
            **sqs.environment,
        }
        results = [_time_start(layout, Path(folder) / "code", environment) for _ in range(runs)]
    imports = [result["import"] for result in results]
    return {
        "cold_import_p50": round(statistics.median(imports), 1),
        "cold_import_min": round(min(imports), 1),
        "first_command_p50": round(statistics.median(result["first"] for result in results), 1),
    }


def in_process_latency(requests: int = 2000) -> dict[str, float]:
    """Milliseconds of a signed command, validation included, with a queue in memory."""
    endpoint = make_caller().endpoint
    milliseconds = []
    for number in range(requests):
        command = imagine(prompt="a red circle on a blue background", seed=number)
        event = event_v1(json.dumps(command).encode())
        started = time.perf_counter()
        response = endpoint.answer(event)
        milliseconds.append(1000 * (time.perf_counter() - started))
        if response["statusCode"] != 200:
            raise RuntimeError(f"request {number} was answered {response['statusCode']}")
    cuts = statistics.quantiles(milliseconds, n=100)
    return {"p50": round(cuts[49], 3), "p99": round(cuts[98], 3)}


def _time_start(layout: Layout, code: Path, environment: dict[str, str]) -> dict[str, Any]:
    event = event_v1(json.dumps(imagine(prompt="a red circle")).encode())
    ended = subprocess.run(
        [python_of(layout.lambda_environment), "-c", _COLD_START],
        cwd=code,
        env=environment,
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    measured: dict[str, Any] = json.loads(ended.stdout)
    return measured
