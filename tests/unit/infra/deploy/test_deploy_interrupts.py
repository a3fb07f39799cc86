"""Ctrl-C while Terraform runs: it finishes, and never runs on alone."""

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

from infra.deploy.errors import StoppedError, Terminated
from infra.deploy.terraform import Terraform

# Applies for a while, and says how it was ended.
PROGRAM = f"""#!{sys.executable}
import pathlib, signal, sys, time
here = pathlib.Path(__file__).parent
signal.signal(signal.SIGINT, lambda *_: (here / "told").touch())
(here / "started").touch()
for _ in range(100):
    if (here / "told").exists() or (here / "enough").exists():
        break
    time.sleep(0.02)
(here / "ended").touch()
"""


@pytest.fixture
def terraform(tmp_path: Path) -> Terraform:
    """A program in Terraform's place."""
    program = tmp_path / "terraform"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return Terraform(program, tmp_path, tmp_path)


@pytest.fixture(autouse=True)
def _interrupts_arrive() -> Iterator[None]:
    """A suite that was started in the background of a shell ignores them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Something that somebody else does while the block runs."""
    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def wait_for(path: Path) -> None:
    for _ in range(500):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{path.name} never came")


def applied(terraform: Terraform) -> None:
    terraform.apply(terraform.module / "plan", 1, progress=lambda _: None)


def sends(folder: Path, *signals: signal.Signals) -> Callable[[], None]:
    def act() -> None:
        wait_for(folder / "started")
        for number in signals:
            os.kill(os.getpid(), number)
            time.sleep(0.1)
        (folder / "enough").touch()

    return act


def test_the_first_interrupt_lets_terraform_finish(terraform: Terraform, tmp_path: Path) -> None:
    with meanwhile(sends(tmp_path, signal.SIGINT)), pytest.raises(StoppedError):
        applied(terraform)
    assert (tmp_path / "ended").exists()
    assert not (tmp_path / "told").exists()


def test_the_second_interrupt_reaches_terraform(terraform: Terraform, tmp_path: Path) -> None:
    twice = sends(tmp_path, signal.SIGINT, signal.SIGINT)
    with meanwhile(twice), pytest.raises(StoppedError):
        applied(terraform)
    assert (tmp_path / "told").exists()


def test_sigterm_reaches_terraform_at_once(terraform: Terraform, tmp_path: Path) -> None:
    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with meanwhile(sends(tmp_path, signal.SIGTERM)), pytest.raises(StoppedError):
            applied(terraform)
        assert (tmp_path / "told").exists()
        assert signal.getsignal(signal.SIGTERM) is terminate, "and is as before afterwards"
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("late_by", [0.0, 0.001, 0.003, 0.01])
def test_an_interrupt_while_terraform_starts_leaves_no_process_behind(
    terraform: Terraform, tmp_path: Path, late_by: float
) -> None:
    def act() -> None:
        time.sleep(late_by)
        os.kill(os.getpid(), signal.SIGINT)
        (tmp_path / "enough").touch()

    # Before the program starts it is Ctrl-C as ever.
    with suppress(StoppedError, KeyboardInterrupt), meanwhile(act):
        applied(terraform)
    assert (tmp_path / "ended").exists() or not (tmp_path / "started").exists()


def test_without_an_interrupt_the_plan_is_applied(terraform: Terraform, tmp_path: Path) -> None:
    (tmp_path / "enough").touch()
    before = signal.getsignal(signal.SIGINT)
    applied(terraform)
    assert (tmp_path / "ended").exists()
    assert signal.getsignal(signal.SIGINT) is before
