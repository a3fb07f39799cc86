"""The emulator starts, listens on loopback only, and stops with its functions."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import emulators
import pytest
from running_emulator import Emulator, create_function, zipped

from emulation.rig.waiting import wait_until

STUBBORN = """
import os, pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def handler(event, context):
    if event:
        pathlib.Path(event["begun"]).touch()
        time.sleep(60)
    return os.getpid()
"""


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[Emulator]:
    running = emulators.start(tmp_path)
    yield running
    running.remove()


def test_nothing_listens_beyond_loopback(emulator: Emulator) -> None:
    function = create_function(emulator, {"ZipFile": zipped({"app.py": STUBBORN})})
    assert emulator.runs(function.invoke().payload)
    addresses = emulator.addresses()
    assert emulator.config.port in [port for _, port in addresses]
    assert {ip for ip, _ in addresses} <= {"127.0.0.1", "::1"}
    emulator.client("lambda").delete_function(FunctionName=function.name)


def test_a_used_port_is_an_error_at_once(emulator: Emulator, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"(?i)address already in use|port is already allocated"):
        emulators.start(tmp_path, port=emulator.config.port)


def test_a_busy_emulator_stops_in_time_with_its_functions(
    own_emulator: Emulator, tmp_path: Path
) -> None:
    sqs = own_emulator.client("sqs")
    url = sqs.create_queue(QueueName="polled")["QueueUrl"]
    function = create_function(own_emulator, {"ZipFile": zipped({"app.py": STUBBORN})}, Timeout=60)
    function.invoke()
    begun = tmp_path / "begun"
    waiting = [
        threading.Thread(target=_ignoring_errors(function.invoke), args=({"begun": str(begun)},)),
        threading.Thread(
            target=_ignoring_errors(sqs.receive_message),
            kwargs={"QueueUrl": url, "WaitTimeSeconds": 20},
        ),
    ]
    for thread in waiting:
        thread.start()
    wait_until(begun.exists, "the function runs")
    own_emulator.stop()
    assert own_emulator.exit_status == 0
    for thread in waiting:
        thread.join(60)
        assert not thread.is_alive()


def test_functions_end_with_an_emulator_that_is_killed(own_emulator: Emulator) -> None:
    function = create_function(own_emulator, {"ZipFile": zipped({"app.py": STUBBORN})})
    pid = function.invoke().payload
    own_emulator.kill()
    wait_until(lambda: not own_emulator.runs(pid), "the function is gone")


def _ignoring_errors(call: Callable[..., object]) -> Callable[..., None]:
    def run(*args: object, **kwargs: object) -> None:
        try:
            call(*args, **kwargs)
        except Exception:  # noqa: BLE001  # the emulator is stopped during the call: any error is allowed
            return

    return run
