"""Log lines and metrics are published in as few calls as AWS allows."""

import json
import threading
from collections import Counter
from typing import Any

import pytest

from ecs_fleet_emulator import publishing
from ecs_fleet_emulator.publishing import (
    Tally,
    embedded_metrics,
    log_batches,
    publish_embedded_metrics,
)

FIRST = ("group", "first")
SECOND = ("group", "second")


def test_the_lines_of_a_stream_are_batched_in_order() -> None:
    items = [(FIRST, "a\nb\n"), (SECOND, "c\n"), (FIRST, "\nd")]
    assert list(log_batches(items)) == [(FIRST, ["a\n", "b\n", "d\n"]), (SECOND, ["c\n"])]


def test_a_batch_has_no_more_events_than_a_call_may_have() -> None:
    text = "x\n" * (publishing.MAX_EVENTS + 1)
    assert [len(lines) for _, lines in log_batches([(FIRST, text)])] == [publishing.MAX_EVENTS, 1]


def test_a_batch_has_no_more_bytes_than_a_call_may_have() -> None:
    half = "☃" * (publishing.MAX_BYTES // 6)
    found = list(log_batches([(FIRST, f"{half}\n{half}\n{half}\n")]))
    assert [len(lines) for _, lines in found] == [1, 1, 1]


def test_a_line_that_is_too_long_by_itself_is_a_batch() -> None:
    [(_, lines)] = log_batches([(FIRST, "x" * (publishing.MAX_BYTES * 2))])
    assert len(lines) == 1


def test_empty_lines_make_no_batch() -> None:
    assert list(log_batches([(FIRST, "\n\n")])) == []


class HeldTimer(threading.Timer):
    """One whose time is over when it may be."""

    may_end: threading.Event

    def run(self) -> None:
        self.may_end.wait(60)
        super().run()


def test_counts_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[Counter[str]] = []
    done = threading.Event()

    def report(counts: Counter[str]) -> None:
        reported.append(counts)
        done.set()

    HeldTimer.may_end = threading.Event()
    monkeypatch.setattr(threading, "Timer", HeldTimer)
    tally = Tally(report, seconds=0.05)
    for _ in range(3):
        tally.add("a", "b")
    HeldTimer.may_end.set()
    assert done.wait(60)
    assert reported == [Counter(a=3, b=3)]
    done.clear()
    tally.add("a")
    assert done.wait(60)
    assert reported[1] == Counter(a=1)


def line(**changes: Any) -> str:
    """A line as a worker prints it."""
    directive = {
        "Namespace": "demo",
        "Dimensions": [["Model"], []],
        "Metrics": [{"Name": "Seconds", "Unit": "Seconds", "StorageResolution": 1}],
    }
    about = {"Timestamp": 1_700_000_000_000, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": about, "Model": "tiny", "Seconds": 1.5, "message": "x"} | changes)


class CloudWatch:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def put_metric_data(self, **given: Any) -> None:
        self.calls.append((given["Namespace"], len(given["MetricData"])))


def test_an_embedded_metric_is_published_for_each_set_of_dimensions() -> None:
    [(first, whole), (second, rest)] = list(embedded_metrics(line()))
    assert first == second == "demo"
    assert whole["Dimensions"] == [{"Name": "Model", "Value": "tiny"}]
    assert rest["Dimensions"] == []
    assert (whole["Values"], whole["Unit"], whole["StorageResolution"]) == ([1.5], "Seconds", 1)
    assert whole["Timestamp"].timestamp() == 1_700_000_000


def test_a_metric_can_have_several_values() -> None:
    [(_, datum), _] = list(embedded_metrics(line(Seconds=[1, 2])))
    assert datum["Values"] == [1.0, 2.0]


@pytest.mark.parametrize(
    "text",
    [
        "Ready",
        '{"message": "Ready"}',
        '"CloudWatchMetrics" {',
        line(_aws={"CloudWatchMetrics": []}),
        json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Metrics": [{"Name": "x"}]}]}}),
    ],
)
def test_a_line_in_another_format_has_no_metrics(text: str) -> None:
    assert list(embedded_metrics(text)) == []


def test_the_embedded_metrics_of_a_batch_are_published_together() -> None:
    cloudwatch = CloudWatch()
    publish_embedded_metrics(cloudwatch, [line(), "Ready", line()])
    publish_embedded_metrics(cloudwatch, ["Ready"])
    assert cloudwatch.calls == [("demo", 4)]
