"""The dashboard and the alarms name metrics that somebody publishes."""

import json
import re
from collections.abc import Iterator

from discord_diffusion.worker.telemetry import UNITS
from tests.infra.terraform_module import LAYOUT, Suite

APPLIED = "the_defaults_deploy_to_aws"
NAMESPACE = "discord-diffusion-test"
FUNCTIONS = LAYOUT.root / "src" / "discord_diffusion" / "functions"


def published() -> set[str]:
    """Every metric that workers and functions publish, by the source."""
    sources = "\n".join(path.read_text() for path in FUNCTIONS.rglob("*.py"))
    return set(UNITS) | set(re.findall(r'"([A-Z][A-Za-z]+)"\]?:? ?[=:]', sources))


def shown(deployment: Suite) -> Iterator[str]:
    """The deployment's own metrics on the dashboard."""
    for resource in deployment.state_after(APPLIED):
        if resource.type == "aws_cloudwatch_dashboard":
            for widget in json.loads(resource.values["dashboard_body"])["widgets"]:
                for metric in widget["properties"].get("metrics", []):
                    if metric[0] == NAMESPACE:
                        yield metric[1]


def watched(deployment: Suite) -> Iterator[str]:
    """The deployment's own metrics that alarms compare."""
    for resource in deployment.state_after(APPLIED):
        if resource.type != "aws_cloudwatch_metric_alarm":
            continue
        queries = [query["metric"] for query in resource.values["metric_query"] or []]
        for metric in [resource.values, *(one[0] for one in queries if one)]:
            if metric["namespace"] == NAMESPACE:
                yield metric["metric_name"]


def test_every_metric_on_the_dashboard_is_published(deployment: Suite) -> None:
    names = set(shown(deployment))
    assert len(names) >= 12
    assert names <= published()


def test_every_metric_of_an_alarm_is_published(deployment: Suite) -> None:
    names = set(watched(deployment))
    assert names == {
        "DeadLetters",
        "FailedStarts",
        "OldestJobSeconds",
        "StartsStopped",
        "TaskShortfall",
        "TaskSurplus",
        "TasksRunning",
        "TasksWanted",
    }
    assert names <= published()
