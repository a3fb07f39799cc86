"""The progress message: shown at once, edited rarely, never delaying the answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from PIL import Image

from discord_diffusion.discord.errors import (
    ApiError,
    ConnectionFailedError,
    RateLimitedError,
)
from discord_diffusion.worker.progress import Progress
from tests.unit.worker.fakes import wait_until


@dataclass
class Screen:
    """Records the edits; each can be made to hang or fail."""

    shown: list[str] = field(default_factory=list)
    error: ApiError | None = None
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def edit(self, text: str, _sketch: object) -> None:
        self.shown.append(text)
        assert self.gate.wait(60)
        if self.error:
            raise self.error


@contextmanager
def sending(progress: Progress) -> Iterator[Progress]:
    progress.start()
    yield progress
    progress.stop()


def test_the_first_text_is_shown_at_once_and_the_last_after_a_pause() -> None:
    screen = Screen()
    screen.gate.clear()
    with sending(Progress(screen.edit, interval_seconds=0.05)) as progress:
        progress.report("start")
        wait_until(lambda: screen.shown == ["start"])
        for step in range(100):
            progress.report(f"step {step}")
        screen.gate.set()
        wait_until(lambda: len(screen.shown) == 2)
    assert screen.shown == ["start", "step 99"]


def test_the_same_text_is_shown_once() -> None:
    screen = Screen()
    with sending(Progress(screen.edit, interval_seconds=0)) as progress:
        progress.report("a")
        wait_until(lambda: screen.shown == ["a"])
        progress.report("a")
        progress.report("b")
        wait_until(lambda: "b" in screen.shown)
    assert screen.shown == ["a", "b"]


def test_a_short_job_makes_one_progress_edit() -> None:
    screen = Screen()
    with sending(Progress(screen.edit, interval_seconds=600)) as progress:
        progress.report("start")
        wait_until(lambda: screen.shown)
        progress.report("step 1")
        progress.stop()
        assert progress.settle(60)
    assert screen.shown == ["start"]


def test_no_progress_edit_begins_after_stop() -> None:
    screen = Screen()
    progress = Progress(screen.edit)
    with sending(progress):
        progress.stop()
        progress.report("too late")
        assert progress.settle(60)
    assert screen.shown == []


def test_no_progress_edit_begins_after_a_stop_while_the_table_was_asked() -> None:
    """It would reach Discord after the answer, and replace it."""
    screen = Screen()
    asked, answered = threading.Event(), threading.Event()

    def is_forbidden() -> bool:
        asked.set()
        assert answered.wait(60)
        return False

    with sending(Progress(screen.edit, is_forbidden=is_forbidden)) as progress:
        progress.report("start")
        assert asked.wait(60)
        progress.stop()
        answered.set()
        assert progress.settle(60)
    assert screen.shown == []


def test_an_edit_that_hangs_delays_no_other_thread_and_is_known_to_be_under_way() -> None:
    screen = Screen()
    screen.gate.clear()
    with sending(Progress(screen.edit)) as progress:
        progress.report("start")
        wait_until(lambda: screen.shown)
        progress.stop()
        assert not progress.settle(0.01)
        screen.gate.set()
        assert progress.settle(60)


def test_a_job_that_ends_before_the_first_edit_shows_no_progress() -> None:
    screen = Screen()
    progress = Progress(screen.edit)
    progress.start(after_seconds=600)
    progress.report("start")
    progress.stop()
    assert progress.settle(60)
    assert screen.shown == []


def test_a_sketch_is_shown_once_with_the_next_text() -> None:
    sketches: list[object] = []
    sketch = Image.new("RGB", (8, 8))
    with sending(
        Progress(lambda _, sketch: sketches.append(sketch), interval_seconds=0)
    ) as progress:
        progress.report("half", sketch)
        wait_until(lambda: sketches == [sketch])
        progress.report("more")
        wait_until(lambda: sketches == [sketch, None])


def test_an_edit_that_was_refused_is_not_repeated() -> None:
    screen = Screen(error=RateLimitedError(429, None, "slow down", 2))
    with sending(Progress(screen.edit, interval_seconds=0)) as progress:
        progress.report("a")
        wait_until(lambda: screen.shown == ["a"])
        progress.report("b")
        wait_until(lambda: screen.shown == ["a", "b"])
        progress.stop()
        assert progress.settle(60)


@pytest.mark.parametrize("timed_out", [True, False])
def test_only_an_edit_that_timed_out_may_still_arrive(timed_out: bool) -> None:
    screen = Screen(error=ConnectionFailedError("ReadError", timed_out=timed_out))
    with sending(Progress(screen.edit)) as progress:
        progress.report("a")
        wait_until(lambda: screen.shown)
        progress.stop()
        assert progress.settle(60) is not timed_out
