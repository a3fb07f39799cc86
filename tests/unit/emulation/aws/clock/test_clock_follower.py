"""The wall clock of another process follows the emulator's, from its start or while it runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from discord_stand_in.clock import Clock
from ecs_fleet_emulator.clock import follower

MOVED = 15 * 60.0
PROCESS = """
import os, runpy, sys
runpy.run_path(os.environ.pop("EMULATOR_CLOCK_FOLLOWER"))["begin"]()
import time
from datetime import UTC, datetime
left = [name for name in os.environ if name.startswith("EMULATOR")]
for line in sys.stdin:
    print(time.time() - float(line), datetime.now(UTC).timestamp() - float(line),
          time.monotonic() - before if "before" in globals() else 0, left, flush=True)
    before = time.monotonic()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    follower.write(tmp_path / "clock", 0.0)
    return tmp_path / "clock"


@contextmanager
def process(file: Path) -> Iterator["subprocess.Popen[str]"]:
    variables = {
        follower.FILE: str(file),
        follower.SCRIPT: follower.__file__,
        follower.LIBRARY: "/nowhere",
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", PROCESS], env=variables, **pipes) as started:
        yield started


def difference(started: "subprocess.Popen[str]") -> tuple[float, float]:
    """How far the wall clock of a process is before this one's: `time.time`, `datetime.now`."""
    import time

    assert started.stdin is not None
    assert started.stdout is not None
    started.stdin.write(f"{time.time()}\n")
    started.stdin.flush()
    by_time, by_datetime, waited, left = started.stdout.readline().split(maxsplit=3)
    assert float(waited) < 60, "its monotonic clock is its own"
    assert left.strip() == "[]", "a program sees no variable of the emulator"
    return float(by_time), float(by_datetime)


def test_a_process_that_runs_has_the_new_time_before_its_next_line(file: Path) -> None:
    with process(file) as started:
        assert difference(started) == pytest.approx((0, 0), abs=5)
        for moved in (MOVED, 4 * MOVED):
            follower.write(file, moved)
            os.kill(started.pid, follower.MOVED)
            assert difference(started) == pytest.approx((moved, moved), abs=5)


def test_a_process_that_starts_later_has_the_new_time(file: Path) -> None:
    follower.write(file, MOVED)
    with process(file) as started:
        assert difference(started) == pytest.approx((MOVED, MOVED), abs=5)


def test_the_stand_in_reads_the_same_file(file: Path, tmp_path: Path) -> None:
    clock, real, late = Clock(file=file), Clock(), Clock(file=tmp_path / "later")
    assert clock.now() - real.now() == pytest.approx(0, abs=5)
    follower.write(file, MOVED)
    assert clock.now() - real.now() == pytest.approx(MOVED, abs=5)
    assert late.now() - real.now() == pytest.approx(0, abs=5)
    follower.write(tmp_path / "later", MOVED)
    assert late.now() - real.now() == pytest.approx(MOVED, abs=5)
