"""Shutdown by signals, in processes of their own."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import sys, threading, time
from discord_diffusion.worker.shutdown import Shutdown, exit_now

stop_timeout, kind = float(sys.argv[1]), sys.argv[2]

class Work:
    stopping = threading.Event()

    def run(self):
        print("running", flush=True)
        if kind == "broken":
            raise RuntimeError("boom")
        self.stopping.wait()
        time.sleep({"quick": 0, "slow": 60}[kind])
        print("finished", flush=True)

    def stop(self):
        print("stopping", flush=True)
        self.stopping.set()

    def give_back(self):
        print("given back", flush=True)

shutdown = Shutdown(stop_timeout)
shutdown.install()
exit_now(shutdown.run(Work()))
"""


def start(stop_timeout: float, kind: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(stop_timeout), kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[3] / "src")},
    )
    assert process.stdout
    assert process.stdout.readline() == "running\n"
    return process


def end(process: subprocess.Popen[str]) -> tuple[str, int]:
    output, _ = process.communicate(timeout=20)
    return output, process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_job_that_ends_in_time_is_finished(number: signal.Signals) -> None:
    process = start(30, "quick")
    process.send_signal(number)
    assert end(process) == ("stopping\nfinished\n", 0)


AT_A_LINE = """
import os, signal, sys

class Traced(Shutdown):
    left = int(sys.argv[1])

    def install(self):
        super().install()
        sys.settrace(self.trace)

    def trace(self, frame, event, _):
        if event == "line":
            self.left -= 1
            if not self.left:
                sys.settrace(None)
                os.write(1, b"signalled\\n")
                os.kill(os.getpid(), signal.SIGTERM)
        return self.trace

Shutdown = Traced
"""


def test_a_signal_at_any_line_of_the_main_thread_is_acted_on() -> None:
    """Also where the standard library holds a lock that cannot be taken twice."""
    head, body = SCRIPT.split("\nstop_timeout", maxsplit=1)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", f"{head}{AT_A_LINE}\nstop_timeout{body}", str(line), "quick"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PYTHONPATH": str(Path(__file__).parents[3] / "src")},
        )
        for line in range(10, 130, 3)
    ]
    time.sleep(3)
    for process in processes:
        process.send_signal(signal.SIGKILL)
    ended = [end(process) for process in processes]
    signalled = [result for result in ended if "signalled" in result[0]]
    assert len(signalled) > len(processes) / 2, "the others had not reached their line"
    assert [result for result in signalled if result[1] != 0] == []


def test_a_job_that_takes_too_long_is_given_back_and_the_exit_is_clean() -> None:
    process = start(0.1, "slow")
    process.send_signal(signal.SIGTERM)
    assert end(process) == ("stopping\ngiven back\n", 0)


def test_a_second_signal_exits_at_once() -> None:
    process = start(60, "slow")
    process.send_signal(signal.SIGTERM)
    assert process.stdout
    assert process.stdout.readline() == "stopping\n"
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert end(process) == ("", 128 + signal.SIGTERM)
    assert time.monotonic() - sent < 5


def test_the_jobs_of_a_worker_that_fails_are_given_back_and_the_exit_status_is_1() -> None:
    assert end(start(1, "broken")) == ("given back\n", 1)
