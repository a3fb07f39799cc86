"""Ctrl-C while Terraform runs: Terraform finishes, and no process is left behind."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import pytest

from emulation.rig.waiting import wait_until
from infra.deploy.errors import StoppedError, Terminated
from infra.deploy.interrupts import Interrupts
from infra.deploy.terraform import Terraform

# Runs until it is interrupted or may finish, and records an interrupt and its own end in files. It
# prints its progress, as Terraform does: a signal that arrives just before Python reads the next
# line is handled only after that line.
PROGRAM = f"""#!{sys.executable}
import pathlib, signal, sys, time
here = pathlib.Path(__file__).parent
signal.signal(signal.SIGINT, lambda *_: (here / "interrupted").touch())
(here / "started").touch()
while not ((here / "interrupted").exists() or (here / "finish").exists()):
    print('{{"type": "apply_progress"}}', flush=True)
    time.sleep(0.02)
(here / "ended").touch()
"""


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    """Terraform, but its program is the script above."""
    program = tmp_path / "terraform"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return Terraform(program, tmp_path, tmp_path)


@pytest.fixture(autouse=True)
def _interrupts_arrive() -> Iterator[None]:
    """Handle SIGINT, which a suite that a shell started in the background ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Run `act` in a thread while the block runs."""
    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def apply(terraform: Terraform) -> None:
    terraform.apply(terraform.module / "plan", 1, progress=lambda _: None)


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Released each time a signal has been handled."""
    times = threading.Semaphore(0)

    class Observed(Interrupts):
        def _handle(self, number: int, frame: FrameType | None) -> None:
            super()._handle(number, frame)
            times.release()

    monkeypatch.setattr("infra.deploy.terraform.Interrupts", Observed)
    return times


def sending(
    folder: Path, handled: threading.Semaphore, *signals: signal.Signals
) -> Callable[[], None]:
    """A function that sends signals to this process one by one, once the program runs."""

    def act() -> None:
        try:
            wait_until((folder / "started").exists, "the program runs")
            for number in signals:
                os.kill(os.getpid(), number)
                # A signal that arrives while the handler of the one before it returns does not wake
                # the main thread from its read; Python handles it with the next one.
                while not handled.acquire(timeout=5):
                    os.kill(os.getpid(), number)
        finally:
            (folder / "finish").touch()

    return act


def test_the_first_interrupt_lets_terraform_finish(
    terraform: Terraform, tmp_path: Path, handled: threading.Semaphore
) -> None:
    with meanwhile(sending(tmp_path, handled, signal.SIGINT)), pytest.raises(StoppedError):
        apply(terraform)
    assert (tmp_path / "ended").exists()
    assert not (tmp_path / "interrupted").exists()


def test_the_second_interrupt_reaches_terraform(
    terraform: Terraform, tmp_path: Path, handled: threading.Semaphore
) -> None:
    twice = sending(tmp_path, handled, signal.SIGINT, signal.SIGINT)
    with meanwhile(twice), pytest.raises(StoppedError):
        apply(terraform)
    assert (tmp_path / "interrupted").exists()


def test_sigterm_reaches_terraform_at_once(
    terraform: Terraform, tmp_path: Path, handled: threading.Semaphore
) -> None:
    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with meanwhile(sending(tmp_path, handled, signal.SIGTERM)), pytest.raises(StoppedError):
            apply(terraform)
        assert (tmp_path / "interrupted").exists()
        assert signal.getsignal(signal.SIGTERM) is terminate, "the handler is restored"
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("late_by", [0.0, 0.001, 0.003, 0.01])
def test_an_interrupt_while_terraform_starts_leaves_no_process_behind(
    terraform: Terraform, tmp_path: Path, late_by: float
) -> None:
    def act() -> None:
        time.sleep(late_by)
        os.kill(os.getpid(), signal.SIGINT)
        (tmp_path / "finish").touch()

    # Before the program starts, Ctrl-C raises KeyboardInterrupt.
    with suppress(StoppedError, KeyboardInterrupt), meanwhile(act):
        apply(terraform)
    assert (tmp_path / "ended").exists() or not (tmp_path / "started").exists()


def test_without_an_interrupt_the_plan_is_applied(terraform: Terraform, tmp_path: Path) -> None:
    (tmp_path / "finish").touch()
    before = signal.getsignal(signal.SIGINT)
    apply(terraform)
    assert (tmp_path / "ended").exists()
    assert signal.getsignal(signal.SIGINT) is before
