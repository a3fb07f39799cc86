"""How the emulator starts, what it listens on, and how it ends."""

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from emulated import Emulator, create_function, gone, wait_until, zipped

from emulation.aws.launch import command

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def handler(event, context):
    if event:
        time.sleep(60)
    return os.getpid()
"""


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[Emulator]:
    running = Emulator(tmp_path)
    yield running
    running.stop(signal.SIGKILL)


def test_nothing_listens_beyond_loopback(emulator: Emulator) -> None:
    function = create_function(emulator, {"ZipFile": zipped({"app.py": STUBBORN})})
    pid = function.invoke().payload
    tree = emulator.tree()
    assert pid in [process.pid for process in tree]
    listening = [
        connection.laddr
        for process in tree
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN or connection.type.name == "SOCK_DGRAM"
    ]
    assert emulator.config.port in [address.port for address in listening]
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}
    emulator.client("lambda").delete_function(FunctionName=function.name)


def test_a_port_that_is_taken_is_an_error_at_once(emulator: Emulator, tmp_path: Path) -> None:
    argv, environment = command(replace(emulator.config, state_dir=tmp_path))
    second = subprocess.run(argv, env=environment, capture_output=True, timeout=60, text=True)
    assert second.returncode != 0
    assert "Address already in use" in second.stdout + second.stderr


def test_a_busy_emulator_stops_in_time_and_takes_its_functions_with_it(
    own_emulator: Emulator,
) -> None:
    sqs = own_emulator.client("sqs")
    url = sqs.create_queue(QueueName="polled")["QueueUrl"]
    function = create_function(own_emulator, {"ZipFile": zipped({"app.py": STUBBORN})}, Timeout=60)
    function.invoke()
    waiting = [
        threading.Thread(target=_ignoring_errors(function.invoke), args=({"sleep": 1},)),
        threading.Thread(
            target=_ignoring_errors(sqs.receive_message),
            kwargs={"QueueUrl": url, "WaitTimeSeconds": 20},
        ),
    ]
    for thread in waiting:
        thread.start()
    assert own_emulator.stop() < 5
    assert own_emulator.process.returncode == 0
    for thread in waiting:
        thread.join(10)


def test_functions_die_with_an_emulator_that_is_killed(own_emulator: Emulator) -> None:
    function = create_function(own_emulator, {"ZipFile": zipped({"app.py": STUBBORN})})
    process = psutil.Process(function.invoke().payload)
    own_emulator.process.kill()
    own_emulator.process.wait()
    wait_until(lambda: gone([process]), "the function is gone")


def _ignoring_errors(call: Callable[..., object]) -> Callable[..., None]:
    def run(*args: object, **kwargs: object) -> None:
        try:
            call(*args, **kwargs)
        except Exception:  # noqa: BLE001  # the emulator is stopped under it: any error will do
            return

    return run
