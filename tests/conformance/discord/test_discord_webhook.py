"""discord-webhook works against the stand-in, with nothing changed but Discord's host."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conformance.discord.client_environments import BOTS, environment_of
from tests.standin_in_process import PICTURES, THREAD, WEBHOOK_ID, WEBHOOK_TOKEN
from tests.standin_server import serving

TOO_LONG = {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        serving(tmp_path_factory.mktemp("standin"), "--no-rate-limits") as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def answers(http: httpx.Client) -> list[tuple[str, int, Any]]:
    """What each of its calls answers: its name, the status and the body. One meets a 429 first."""
    fault = {"rate_limited": {"count": 1, "seconds": 0.1}}
    http.put("/control/chaos", json={"faults": fault}).raise_for_status()
    # As Discord shows the address of a webhook: without a version.
    address = f"{str(http.base_url).rstrip('/')}/api/webhooks/{WEBHOOK_ID}/{WEBHOOK_TOKEN}"
    command = [environment_of("discord-webhook"), BOTS / "webhook_client.py"]
    given = json.dumps({"url": address, "thread": THREAD})
    called = subprocess.run(
        command, input=f"{given}\n", capture_output=True, text=True, check=False, timeout=60
    )
    assert called.returncode == 0, called.stderr
    shown = [json.loads(line) for line in called.stdout.splitlines()]
    return [(one["name"], one["status"], one["body"]) for one in shown]


def test_every_call_is_answered_as_discord_answers_it(answers: list[tuple[str, int, Any]]) -> None:
    assert [(name, status) for name, status, _ in answers] == [
        *(("execute", 200), ("edit", 200), ("delete", 204), ("thread", 200), ("mentions", 200)),
        *(("too long", 400), ("batch", 200), ("batch", 200)),
        *(("async execute", 200), ("async edit", 200), ("async delete", 204)),
    ]


def test_the_answers_hold_what_was_sent(answers: list[tuple[str, int, Any]]) -> None:
    bodies = {name: body for name, _, body in answers}
    sent, edited = bodies["execute"], bodies["edit"]
    assert (sent["author"]["username"], sent["content"]) == ("Bo", "Hello")
    [embed] = sent["embeds"]
    assert (embed["title"], embed["color"], embed["footer"]["text"]) == ("T", 0x03B2F8, "Foot")
    assert [file["filename"] for file in sent["attachments"]] == ["b.png"]
    assert (edited["id"], edited["content"], edited["embeds"]) == (sent["id"], "Changed", [])
    assert [file["filename"] for file in edited["attachments"]] == ["b.png"]
    assert bodies["too long"]["errors"]["content"]["_errors"] == [TOO_LONG]
    assert bodies["async edit"]["content"] == "Later still"


@pytest.mark.usefixtures("answers")
def test_the_channels_hold_what_was_not_deleted(http: httpx.Client) -> None:
    snapshot = http.get("/control/snapshot").json()
    assert snapshot["chaos"]["faults"]["rate_limited"]["hits"] == 1
    messages = snapshot["messages"]
    contents = {name: [one["content"] for one in listed] for name, listed in messages.items()}
    assert contents[THREAD] == ["In a thread"]
    assert contents[PICTURES] == ["@everyone", "Batch", "Batch"]
