"""Log lines and counts go out in as few calls as AWS allows."""

import threading
from collections import Counter

from discord_diffusion_emulator.functions import batches
from discord_diffusion_emulator.functions.batches import Tally, log_batches

ONE = ("group", "one")
TWO = ("group", "two")


def test_the_lines_of_a_stream_go_out_together_and_in_order() -> None:
    items = [(ONE, "a\nb\n"), (TWO, "c\n"), (ONE, "\nd")]
    assert list(log_batches(items)) == [(ONE, ["a\n", "b\n", "d\n"]), (TWO, ["c\n"])]


def test_no_batch_has_more_events_than_one_call_may() -> None:
    text = "x\n" * (batches.MAX_EVENTS + 1)
    assert [len(lines) for _, lines in log_batches([(ONE, text)])] == [batches.MAX_EVENTS, 1]


def test_no_batch_has_more_bytes_than_one_call_may() -> None:
    half = "☃" * (batches.MAX_BYTES // 6)
    found = list(log_batches([(ONE, f"{half}\n{half}\n{half}\n")]))
    assert [len(lines) for _, lines in found] == [1, 1, 1]


def test_a_line_that_is_too_long_by_itself_still_goes_out() -> None:
    [(_, lines)] = log_batches([(ONE, "x" * (batches.MAX_BYTES * 2))])
    assert len(lines) == 1


def test_nothing_to_write_is_no_call() -> None:
    assert list(log_batches([(ONE, "\n\n")])) == []


def test_counts_are_reported_together() -> None:
    reported: list[Counter[str]] = []
    done = threading.Event()

    def report(counts: Counter[str]) -> None:
        reported.append(counts)
        done.set()

    tally = Tally(report, seconds=0.05)
    for _ in range(3):
        tally.add("a", "b")
    assert done.wait(5)
    assert reported == [Counter(a=3, b=3)]
    done.clear()
    tally.add("a")
    assert done.wait(5)
    assert reported[1] == Counter(a=1)
