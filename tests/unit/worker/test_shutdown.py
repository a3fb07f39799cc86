"""Shutdown by signals, in processes of their own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys, threading, time
from discord_diffusion.worker.errors import DeviceLostError
from discord_diffusion.worker.shutdown import Shutdown, exit_now

stop_timeout, kind = float(sys.argv[1]), sys.argv[2]

class Work:
    stopping = threading.Event()

    def run(self):
        print("running", flush=True)
        if kind == "broken":
            raise RuntimeError("boom")
        if kind == "without a device":
            raise DeviceLostError("cuda: AcceleratorError")
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


def started(script: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[3] / "src")},
    )


def start(stop_timeout: float, kind: str) -> subprocess.Popen[str]:
    process = started(SCRIPT, str(stop_timeout), kind)
    assert process.stdout
    assert process.stdout.readline() == "running\n"
    return process


def end(process: subprocess.Popen[str]) -> tuple[str, int]:
    # Not `communicate`: it would miss what `readline` has read ahead.
    assert process.stdout
    try:
        with process.stdout:
            return process.stdout.read(), process.wait()
    finally:
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_job_that_ends_in_time_is_finished(number: signal.Signals) -> None:
    process = start(30, "quick")
    process.send_signal(number)
    assert end(process) == ("stopping\nfinished\n", 0)


AT_EACH_LINE = """
import itertools, linecache, os, signal

class Traced(Shutdown):
    '''Signals the process at a line of the main thread, at the latest where it begins to wait.'''
    left = 0

    def install(self):
        super().install()
        sys.settrace(self.trace)

    def trace(self, frame, event, _):
        if event == "line":
            self.left -= 1
            if self.left == 0 or self.waits(frame):
                os.write(1, b"signalled\\n" if self.left == 0 else b"signalled last\\n")
                sys.settrace(None)
                os.kill(os.getpid(), signal.SIGTERM)
        return self.trace

    def waits(self, frame):
        if frame.f_code is not Shutdown._wait.__code__:
            return False
        return "_wake.get(" in linecache.getline(frame.f_code.co_filename, frame.f_lineno)

for line in itertools.count(1):
    read, write = os.pipe()
    if not (child := os.fork()):
        os.dup2(write, 1)
        Traced.left = line
        shutdown = Traced(stop_timeout)
        shutdown.install()
        exit_now(shutdown.run(Work()))
    os.close(write)
    with open(read) as printed:
        words = printed.read().split()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), *words, flush=True)
    if "last" in words:
        break
"""


MISSED = """
import os, queue, signal

class MissesSignals(queue.SimpleQueue):
    '''Waits, once, as the operating system does when a signal came just before.'''
    waited = False

    def get(self, timeout=None):
        if not self.waited:
            self.waited = True
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            os.kill(os.getpid(), signal.SIGTERM)
            try:
                return super().get(timeout=timeout)
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        return super().get(timeout=timeout)

shutdown = Shutdown(stop_timeout)
shutdown._wake = MissesSignals()
"""


def test_a_signal_that_comes_just_before_the_main_thread_waits_is_acted_on() -> None:
    script = SCRIPT.replace("shutdown = Shutdown(stop_timeout)\n", MISSED)
    process = started(script, "30", "quick")
    assert end(process) == ("running\nstopping\nfinished\n", 0)


def test_a_signal_at_any_line_of_the_main_thread_is_acted_on() -> None:
    """Also where the standard library holds a lock that cannot be taken twice."""
    head, _, _ = SCRIPT.partition("\nshutdown = ")
    process = started(f"{head}{AT_EACH_LINE}", "30", "quick")
    output, status = end(process)
    # The worker's thread may begin later than the main thread waits.
    ends = [tuple(sorted(line.split())) for line in output.splitlines()]
    assert status == 0
    assert len(ends) > 50
    assert set(ends[:-1]) == {("0", "finished", "running", "signalled", "stopping")}
    assert set(ends[-1]) == {"last", *ends[0]}


def test_a_job_that_takes_too_long_is_given_back_and_the_exit_is_clean() -> None:
    process = start(0.1, "slow")
    process.send_signal(signal.SIGTERM)
    assert end(process) == ("stopping\ngiven back\n", 0)


def test_a_second_signal_exits_at_once() -> None:
    process = start(60, "slow")
    process.send_signal(signal.SIGTERM)
    assert process.stdout
    assert process.stdout.readline() == "stopping\n"
    process.send_signal(signal.SIGTERM)
    assert end(process) == ("", 128 + signal.SIGTERM)


@pytest.mark.parametrize(("kind", "status"), [("broken", 1), ("without a device", 4)])
def test_the_jobs_of_a_worker_that_fails_are_given_back_and_its_exit_status_says_why(
    kind: str, status: int
) -> None:
    assert end(start(1, kind)) == ("given back\n", status)
