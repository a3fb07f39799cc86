"""A process's output is collected, and the process ends with its parent."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import pytest

from ecs_fleet_emulator.functions.process import Output
from ecs_fleet_emulator.processes.children import BOOTSTRAP


@pytest.fixture
def pipe() -> Iterator[tuple[Output, IO[bytes]]]:
    """The output of a pipe, and the end that is written to."""
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "wb", buffering=0) as target:
        yield Output(os.fdopen(read_end, "rb", buffering=0)), target


def test_written_output_can_be_taken_at_once(pipe: tuple[Output, IO[bytes]]) -> None:
    output, target = pipe
    for n in range(100):
        target.write(f"line {n}\n".encode())
        assert output.take() == f"line {n}\n"
    assert output.take() == ""


def test_output_beyond_the_pipes_capacity_does_not_block_the_writer(
    pipe: tuple[Output, IO[bytes]],
) -> None:
    output, target = pipe
    line = b"x" * 999 + b"\n"
    for _ in range(500):
        target.write(line)
    assert len(output.take()) == 500_000


def test_invalid_utf_8_is_replaced(pipe: tuple[Output, IO[bytes]]) -> None:
    output, target = pipe
    target.write(b"a\xffb")
    assert output.take() == "a\ufffdb"


def test_output_is_complete_at_the_end_of_the_pipe(pipe: tuple[Output, IO[bytes]]) -> None:
    output, target = pipe
    target.write(b"last words")
    target.close()
    assert output.take() == "last words"
    assert output.take() == ""


def test_a_process_ends_when_its_standard_input_ends() -> None:
    script = f"""
import importlib.util, time, threading
spec = importlib.util.spec_from_file_location("bootstrap", {str(BOOTSTRAP)!r})
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
threading.Thread(target=bootstrap.wait_for_end_of_input, args=(0,), daemon=True).start()
print("ready", flush=True)
time.sleep(600)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == b"ready\n"
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(60) == -signal.SIGKILL
