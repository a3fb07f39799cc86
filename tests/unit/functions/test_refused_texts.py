"""Every text that reaches the model passes the shipped rules, whichever way the user asks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.messages import text_of
from tests.unit.functions.conftest import make_caller
from tests.unit.functions.test_refusals import Scene

REFUSED = "n-u-d-e chiId"


def form(scene: Scene, **values: str) -> dict[str, Any]:
    """The answer to the form that edits a prompt."""
    rows = [
        {"type": 18, "component": {"type": 4, "custom_id": name, "value": value}}
        for name, value in values.items()
    ]
    data = {"custom_id": f"edit:{scene.job()}:0", "components": rows}
    return scene.send({"type": 5, "data": data})


def click(scene: Scene, action: str, **texts: str) -> dict[str, Any]:
    """The answer to a button under pictures of an earlier job with these texts."""
    job_id = scene.job(**texts)
    return scene.click(f"{action}:{job_id}:0", f"{job_id}-0.png")


WAYS: dict[str, Callable[[Scene, dict[str, str]], dict[str, Any]]] = {
    "command": lambda scene, texts: scene.imagine(**texts),
    "form": lambda scene, texts: form(scene, **({"prompt": "a star"} | texts)),
    "again": lambda scene, texts: click(scene, "reroll", **texts),
    "vary": lambda scene, texts: click(scene, "vary", **texts),
    "enlarge": lambda scene, texts: click(scene, "upscale", **texts),
}


@pytest.mark.parametrize("field", ["prompt", "negative_prompt"])
@pytest.mark.parametrize("way", WAYS)
def test_a_text_is_refused_in_every_way_of_asking(way: str, field: str) -> None:
    harmless, refused = Scene(make_caller(), "en"), Scene(make_caller(), "en")
    WAYS[way](harmless, {field: "a child, a kite"})
    assert len(harmless.caller.queue.jobs) == 1
    answer = WAYS[way](refused, {field: REFUSED})
    assert "not allowed here" in text_of(answer["data"])
    assert refused.caller.queue.jobs == []
    assert [kept["action"] for kept in refused.caller.guilds.audited] == ["blocked"]
