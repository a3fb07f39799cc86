"""Metrics in lines of a log become what PutMetricData takes."""

import json
from typing import Any

import pytest
from discord_diffusion_emulator.embedded_metrics import found_in, publish


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


def test_a_metric_is_published_once_for_each_set_of_dimensions() -> None:
    [(first, whole), (second, rest)] = list(found_in(line()))
    assert first == second == "demo"
    assert whole["Dimensions"] == [{"Name": "Model", "Value": "tiny"}]
    assert rest["Dimensions"] == []
    assert (whole["Values"], whole["Unit"], whole["StorageResolution"]) == ([1.5], "Seconds", 1)
    assert whole["Timestamp"].timestamp() == 1_700_000_000


def test_several_values_are_kept_apart() -> None:
    [(_, datum), _] = list(found_in(line(Seconds=[1, 2])))
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
def test_any_other_line_holds_none(text: str) -> None:
    assert list(found_in(text)) == []


def test_the_lines_of_a_batch_are_published_together() -> None:
    cloudwatch = CloudWatch()
    publish(cloudwatch, [line(), "Ready", line()])
    publish(cloudwatch, ["Ready"])
    assert cloudwatch.calls == [("demo", 4)]
