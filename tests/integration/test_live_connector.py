"""The connector on the suite's stack: interactions of the Gateway are answered by the functions.

The stand-in is the real Discord here: the connector knows its address and its bot token alone.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest

from emulation.rig.host import processes
from emulation.rig.host.parts import Parts
from emulation.rig.live import application, signing_key
from emulation.rig.live.connection import Connection
from emulation.rig.state import StateFolder
from emulation.rig.waiting import wait_until
from fixtures.discord.signing import application as fixture
from fixtures.discord.signing import public_key
from tests.stack import LAYOUT, OPTIONS, Stack
from tests.targets import HOST, TARGET

pytestmark = [
    pytest.mark.skipif(TARGET != HOST, reason="a process of target `host`"),
    pytest.mark.timeout(300),
]
TOKEN = fixture()["bot_token"]
USERS = 15
INTERRUPTIONS = (("/gateway/reconnect", {}), ("/gateway/close", {"code": 4000}))
"""Calls of the control API: Discord asks to connect again, and the connection breaks."""


def control(stack: Stack, method: str, path: str, body: object = None) -> Any:
    """A call of the stand-in's control API."""
    url = f"{stack.state.discord_url}/control{path}"
    answer = httpx.request(method, url, json=body, timeout=60, trust_env=False)
    assert answer.is_success, answer.text
    return answer.json()


def session(stack: Stack) -> Any:
    """The one session of the Gateway."""
    [found] = control(stack, "GET", "/gateway")["sessions"]
    return found


def set_endpoint(stack: Stack, url: str) -> None:
    """What a person enters in the portal as the interactions endpoint URL."""
    answer = httpx.patch(
        f"{stack.state.discord_api_url}/applications/@me",
        json={"interactions_endpoint_url": url},
        headers={"Authorization": f"Bot {TOKEN}", "User-Agent": "DiscordBot (test, 1)"},
        timeout=60,
        trust_env=False,
    )
    assert answer.is_success, answer.text


@pytest.fixture(scope="module")
def folder(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateFolder]:
    """A live stack: the shared one without an endpoint, its functions with the rig's own key."""
    folder = StateFolder(tmp_path_factory.mktemp("live"))
    key = signing_key.kept(LAYOUT.cache).read_text()
    set_endpoint(stack, "")
    try:
        live = application.find(stack.state.discord_api_url, TOKEN, None, key)
        folder.save(replace(stack.state, live=live, processes=()))
        with stack.changed_function("interactions", DISCORD_PUBLIC_KEY=public_key(key)):
            parts = Parts(LAYOUT, folder, replace(OPTIONS, bot_token=TOKEN))
            connector = parts.start_connector()
            try:
                yield folder
            finally:
                processes.terminate((connector,))
    finally:
        set_endpoint(stack, stack.state.interactions_url)


def test_a_command_of_the_gateway_becomes_pictures(
    stack: Stack, folder: StateFolder, worker: object
) -> None:
    options = {"prompt": "a red circle on a blue background", "seed": 3, "images": 2}
    before = Connection.load(folder.connection).answered
    interaction = stack.discord.send("imagine", options)
    assert len(stack.discord.wait_for_pictures(interaction, 60).pictures) == 2
    wait_until(lambda: Connection.load(folder.connection).answered > before, "it is counted")


def test_each_interaction_is_answered_once_over_reconnects(
    stack: Stack, folder: StateFolder
) -> None:
    before, begun = Connection.load(folder.connection), session(stack)["id"]

    def ask(_number: int) -> dict[str, Any]:
        return stack.discord.deliver("quota", {})

    results: list[dict[str, Any]] = []
    with ThreadPoolExecutor(USERS) as users:
        for interruption in INTERRUPTIONS:
            sent = [users.submit(ask, one) for one in range(USERS)]
            control(stack, "POST", *interruption)
            # Those that come while there is no connection wait for Resume.
            sent += [users.submit(ask, one) for one in range(USERS)]
            results += [one.result() for one in sent]
            wait_until(lambda: session(stack)["connected"], "it is connected again")
    assert [one["outcome"] for one in results] == ["answered"] * len(INTERRUPTIONS) * 2 * USERS
    assert len({one["interaction_id"] for one in results}) == len(results)
    expected = before.answered + len(results)
    wait_until(lambda: Connection.load(folder.connection).answered >= expected, "all are counted")
    after = Connection.load(folder.connection)
    assert (after.answered, after.unanswered) == (expected, before.unanswered)
    assert after.reconnects == before.reconnects + 2
    assert session(stack)["id"] == begun, "the one session was resumed both times"
