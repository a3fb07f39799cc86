"""A process's output, and the watch that ends it with its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO

import pytest
from discord_diffusion_emulator.functions.output import Output
from discord_diffusion_emulator.functions.process import BOOTSTRAP


@pytest.fixture
def pipe() -> Iterator[tuple[Output, IO[bytes]]]:
    """The output of a pipe, and the end that is written to."""
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "wb", buffering=0) as target:
        yield Output(os.fdopen(read_end, "rb", buffering=0)), target


def test_what_was_written_is_there_when_it_is_taken(pipe: tuple[Output, IO[bytes]]) -> None:
    output, target = pipe
    for n in range(100):
        target.write(f"line {n}\n".encode())
        assert output.take() == f"line {n}\n"
    assert output.take() == ""


def test_more_than_a_pipe_holds_does_not_block_the_writer(
    pipe: tuple[Output, IO[bytes]],
) -> None:
    output, target = pipe
    line = b"x" * 999 + b"\n"
    for _ in range(500):
        target.write(line)
    assert len(output.take()) == 500_000


def test_bytes_that_are_no_text_do_no_harm(pipe: tuple[Output, IO[bytes]]) -> None:
    output, target = pipe
    target.write(b"a\xffb")
    assert output.take() == "a\ufffdb"


def test_the_end_of_the_pipe_is_the_end_of_the_output(pipe: tuple[Output, IO[bytes]]) -> None:
    output, target = pipe
    target.write(b"last words")
    target.close()
    assert output.take() == "last words"
    assert output.take() == ""


def test_where_no_signal_tells_of_the_parents_end_the_end_of_input_does() -> None:
    script = f"""
import importlib.util, time, threading
spec = importlib.util.spec_from_file_location("bootstrap", {str(BOOTSTRAP)!r})
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
threading.Thread(target=bootstrap.wait_for_end_of_input, args=(0,), daemon=True).start()
print("ready", flush=True)
time.sleep(60)
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
        started = time.monotonic()
        child.stdin.close()
        assert child.wait(5) == -signal.SIGKILL
        assert time.monotonic() - started < 5
