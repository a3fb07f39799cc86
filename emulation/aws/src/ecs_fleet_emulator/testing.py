"""An emulator for tests: `with running() as aws:` starts one and stops it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecs_fleet_emulator.client import Emulator, EmulatorSession
from ecs_fleet_emulator.errors import (
    EmulatorError,
    EmulatorRefusedError,
    EmulatorStartError,
    EmulatorTimeoutError,
)
from ecs_fleet_emulator.launch import LOOPBACK, SERVICES, EmulatorConfig, Tasks, command

__all__ = [
    "Emulator",
    "EmulatorError",
    "EmulatorRefusedError",
    "EmulatorSession",
    "EmulatorStartError",
    "EmulatorTimeoutError",
    "Tasks",
    "running",
]

PYTHON = "ECS_FLEET_EMULATOR_PYTHON"
"""The environment variable that names the interpreter with the extra `runtime`, if not this one."""
QUEUE_METRICS = "SQS_CLOUDWATCH_METRICS_REPORT_INTERVAL"
"""LocalStack's setting: the seconds between the metrics of queues, by which fleets scale."""
_START_SECONDS = 120.0
_STOP_SECONDS = 15.0
_PAUSE_SECONDS = 0.1
_LOG_BYTES = 4000


@contextmanager
def running(
    tasks: Tasks | None = None,
    *,
    python: Path | None = None,
    port: int = 0,
    folder: Path | None = None,
    region: str = "us-east-1",
    services: str = SERVICES,
    enforces_iam: bool = False,
) -> Iterator[Emulator]:
    """An emulated account on a port of 127.0.0.1, by default a free one.

    `tasks` says how ECS tasks run and how fast the fleet's time goes. `python` is the interpreter
    with the extra `runtime`: by default that of ECS_FLEET_EMULATOR_PYTHON, or this one. What the
    emulator writes, its log too, goes below `folder`, which is temporary if none is given.

    Raises:
        EmulatorStartError: it could not start; the text says why.
    """
    with _folder(folder) as own:
        interpreter = python or Path(os.environ.get(PYTHON) or sys.executable)
        config = EmulatorConfig(
            emulator_python=interpreter,
            lambda_pythons={_runtime(interpreter): interpreter},
            port=_free_port(port),
            state_dir=own,
            region=region,
            services=services,
            tasks=tasks or Tasks(),
            enforces_iam=enforces_iam,
            variables={QUEUE_METRICS: _queue_metrics_seconds(tasks or Tasks())},
        )
        log = own / "emulator.log"
        with _process(config, log) as process:
            aws = Emulator(config.endpoint, region, log)
            _wait_until_up(aws, process)
            yield aws


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    # A function or task that is being killed may still write.
    with tempfile.TemporaryDirectory(prefix="ecs-fleet-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def _queue_metrics_seconds(tasks: Tasks) -> str:
    """Once a minute, as on AWS, of the time in which alarms go.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    return str(max(1, round(60 / float(tasks.fleet.get("alarm_speed", 1)))))


def _free_port(wanted: int) -> int:
    """A port that was free a moment ago: the wanted one, any if that is 0.

    What listens there already, perhaps another emulator, would be taken for the one that starts.

    Raises:
        EmulatorStartError: it is not free, or is none.
    """
    try:
        with socket.create_server((LOOPBACK, wanted)) as listener:
            return int(listener.getsockname()[1])
    except (OSError, OverflowError) as error:
        reason = f"can't listen on {LOOPBACK}:{wanted} ({error}): choose another port"
        raise EmulatorStartError(reason) from error


def _runtime(python: Path) -> str:
    """The Lambda runtime that an interpreter is, as AWS names it."""
    if python == Path(sys.executable):
        return f"python{sys.version_info.major}.{sys.version_info.minor}"
    line = "import sys; print('python%d.%d' % sys.version_info[:2])"
    try:
        asked = subprocess.run([python, "-c", line], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmulatorStartError(f"{python} is no Python that can be started: {error}") from error
    return asked.stdout.strip()


@contextmanager
def _process(config: EmulatorConfig, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    words, environment = command(config)
    with log.open("wb") as output:
        # A session of its own: a Ctrl-C meant for the tests ends it by `finally`, not in between.
        process = subprocess.Popen(
            words, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(aws: Emulator, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _START_SECONDS
    while not aws.is_up():
        if process.poll() is not None:
            raise EmulatorStartError(_reason(aws.log))
        if time.monotonic() > end:
            raise EmulatorStartError(f"no answer in {_START_SECONDS:g} s; {_reason(aws.log)}")
        time.sleep(_PAUSE_SECONDS)


def _reason(log: Path) -> str:
    logged = log.read_text("utf-8", "replace")[-_LOG_BYTES:]
    if "No module named 'localstack" in logged:
        return (
            "this Python has no LocalStack: install 'ecs-fleet-emulator[runtime]' for Python 3.13,"
            f" or name the interpreter of another environment that has it in {PYTHON}"
        )
    return f"it last logged:\n{logged}"
