"""What a person who serves a real server is told when something is wrong, by a stand-in's answers.

Here the stand-in is the real Discord, of which the rig knows the address alone.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from emulation.rig.errors import StartError
from emulation.rig.host import processes
from emulation.rig.host.parts import Parts
from emulation.rig.live import application, signing_key
from emulation.rig.live.connection import Connection
from emulation.rig.options import LIVE, StackOptions
from emulation.rig.stand_in_client import StandInClient
from emulation.rig.state import ProcessRecord, StackState, StateFolder
from emulation.rig.waiting import wait_until
from fixtures.discord.signing import application as fixture
from tests.standin_in_process import GUILD
from tests.standin_server import Endpoint, Server, serving
from tests.targets import HOST, TARGET
from toolchain.layout import Layout

pytestmark = pytest.mark.skipif(TARGET != HOST, reason="a process of target `host`")
TOKEN, KEY = fixture()["bot_token"], fixture()["signing_key"]
OTHER_TOKEN = TOKEN.replace("fixture", "revoked")
LAYOUT = Layout.of_this_checkout()
IMAGINE = {"command": "imagine"}
COMMAND = {"name": "imagine", "description": "d", "type": 1}
PATIENT, IMPATIENT = 25.0, 1.5
"""How long Discord waits: so long that a busy machine answers, and so short that a test can wait
until it is over."""
STAND_IN = ("--answer-seconds", str(PATIENT), "--no-rate-limits")


@pytest.fixture(scope="module")
def discord(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A stand-in with one command and a bot in one server."""
    with serving(tmp_path_factory.mktemp("discord"), *STAND_IN) as server:
        bot(server, "PUT", f"/applications/{fixture()['application_id']}/commands", [COMMAND])
        yield server


def bot(discord: Server, method: str, path: str, body: object) -> None:
    """A call of Discord's API."""
    headers = {"Authorization": f"Bot {TOKEN}", "User-Agent": "DiscordBot (test, 1)"}
    url = f"{discord.url}/api/v10{path}"
    answer = httpx.request(method, url, json=body, headers=headers, trust_env=False)
    assert answer.is_success, answer.text


def control(discord: Server, path: str, body: object) -> Any:
    """A call of the stand-in's control API."""
    url = f"{discord.url}/control{path}"
    return httpx.post(url, json=body, trust_env=False, timeout=60).raise_for_status().json()


@contextmanager
def impatient(discord: Server) -> Iterator[None]:
    """Discord does not wait for long meanwhile."""
    stand_in = StandInClient(discord.url)
    stand_in.set_answer_seconds(IMPATIENT)
    try:
        yield
    finally:
        stand_in.set_answer_seconds(PATIENT)


def is_discords(body: bytes, signature: str, timestamp: str) -> bool:
    """Whether Discord itself has signed a request."""
    return _verifies(KEY, body, signature, timestamp)


def find(discord: Server, token: str = TOKEN, guild: str | None = None) -> Any:
    return application.find(f"{discord.url}/api/v10", token, guild, KEY)


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The stack's own stand-in, for its operations page."""
    with serving(tmp_path_factory.mktemp("operations")) as server:
        yield server


def observed(operations: Server, interaction_id: str) -> Any:
    """An interaction as the operations page shows it, once it has an outcome."""
    url = f"{operations.url}/control/interactions/{interaction_id}"

    def found() -> Any:
        answer = httpx.get(url, trust_env=False)
        return answer.is_success and answer.json()["outcome"] != "pending" and answer.json()

    return wait_until(found, "the operations page shows it")


class Live:
    """A connector, and the stack that it was started for."""

    def __init__(self, folder: StateFolder, discord: Server, own: Server, endpoint: str) -> None:
        api_url = f"{discord.url}/api/v10"
        state = StackState("host", discord_url=own.url, discord_api_url=api_url)
        folder.save(replace(state, interactions_url=endpoint))
        self.folder = folder
        self._started: list[ProcessRecord] = []

    def start(self, token: str = TOKEN, answer_seconds: float = PATIENT) -> ProcessRecord:
        options = StackOptions(discord=LIVE, bot_token=token, answer_seconds=answer_seconds)
        parts = Parts(LAYOUT, self.folder, options)
        self._started.append(parts.start_connector())
        return self._started[-1]

    @property
    def connection(self) -> Connection:
        return Connection.load(self.folder.connection)

    @property
    def log(self) -> str:
        return (self.folder.logs / "connector.log").read_text()

    def end(self) -> None:
        processes.terminate(tuple(self._started))


@pytest.fixture(scope="module")
def endpoint() -> Endpoint:
    """The endpoint of the stack; a test may change what it does."""
    return Endpoint(is_signed)


def is_signed(body: bytes, signature: str, timestamp: str) -> bool:
    """Whether the connector has signed a request."""
    return _verifies(signing_key.kept(LAYOUT.cache).read_text(), body, signature, timestamp)


def _verifies(seed: str, body: bytes, signature: str, timestamp: str) -> bool:
    try:
        SigningKey(bytes.fromhex(seed)).verify_key.verify(
            timestamp.encode() + body, bytes.fromhex(signature)
        )
    except BadSignatureError:
        return False
    return True


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory,
    discord: Server,
    operations: Server,
    endpoint: Endpoint,
) -> Iterator[Live]:
    """A stack whose connector is not started."""
    with endpoint.listening() as url:
        stack = Live(StateFolder(tmp_path_factory.mktemp("live")), discord, operations, url)
        yield stack
        stack.end()


@pytest.fixture(scope="module")
def live(stack: Live) -> Live:
    """A stack that is connected, for tests that leave it so."""
    stack.start()
    return stack


def test_the_only_server_of_the_bot_is_found(discord: Server) -> None:
    found = find(discord)
    assert (found.application_id, found.guild_id) == (fixture()["application_id"], GUILD)
    assert found == find(discord, guild=GUILD)


def test_a_token_that_discord_does_not_know_is_said_with_the_step_in_the_portal(
    discord: Server,
) -> None:
    with pytest.raises(StartError, match=r"does not know this bot token.*Bot > Reset Token"):
        find(discord, OTHER_TOKEN)


def test_a_server_that_the_bot_is_not_in_is_said_with_the_invitation(discord: Server) -> None:
    with pytest.raises(StartError) as refused:
        find(discord, guild="5")
    assert "oauth2/authorize?client_id=" + fixture()["application_id"] in str(refused.value)
    assert f"DISCORD_GUILD={GUILD}" in str(refused.value)


@pytest.mark.parametrize(
    ("guilds", "said"),
    [
        ({}, "in no server. Invite it to yours: https://invite.test"),
        ({"1": "One", "2": "Two"}, "Name one of them:\n  DISCORD_GUILD=1  One\n"),
    ],
)
def test_no_server_and_several_are_said(guilds: dict[str, str], said: str) -> None:
    with pytest.raises(StartError) as refused:
        application._chosen(guilds, None, "https://invite.test")
    assert said in str(refused.value)


def test_an_application_with_an_endpoint_is_refused(discord: Server) -> None:
    with Endpoint(is_discords).listening() as url:
        bot(discord, "PATCH", "/applications/@me", {"interactions_endpoint_url": url})
    try:
        with pytest.raises(StartError, match="empty the field Interactions Endpoint URL"):
            find(discord)
    finally:
        bot(discord, "PATCH", "/applications/@me", {"interactions_endpoint_url": ""})


def test_a_machine_that_is_offline_is_told_so() -> None:
    with pytest.raises(StartError, match="Is this machine online"):
        application.find("http://127.0.0.1:1/api/v10", TOKEN, None, KEY)


def test_a_connector_with_a_wrong_token_does_not_start_and_says_why(stack: Live) -> None:
    with pytest.raises(StartError, match="Reset Token"):
        stack.start(OTHER_TOKEN)
    assert "Reset Token" in (stack.connection.problem or "")


def test_a_connection_that_discord_refuses_for_good_is_not_tried_again(
    stack: Live, discord: Server
) -> None:
    connector = stack.start()
    control(discord, "/gateway/close", {"code": 4014})
    wait_until(lambda: processes.find(connector) is None, "the connector ends")
    assert stack.connection.connected_since is None
    assert "Privileged Gateway Intents" in (stack.connection.problem or "")
    assert "(close code 4014)" in stack.log.splitlines()[-1]


def test_a_session_that_cannot_be_resumed_is_followed_by_another(
    live: Live, discord: Server
) -> None:
    control(discord, "/gateway/invalidate", {"may_resume": False})
    wait_until(lambda: live.connection.reconnects == 1, "it is connected again")
    assert control(discord, "/interactions", IMAGINE)["outcome"] == "answered"


def test_the_operations_page_shows_what_came_from_the_real_server(
    live: Live, discord: Server, operations: Server
) -> None:
    sent = control(discord, "/interactions", IMAGINE)
    shown = observed(operations, sent["interaction_id"])
    assert (shown["outcome"], shown["data"]["name"]) == ("answered", "imagine")
    assert [event["name"] for event in shown["events"]] == ["received", "answered"]


def test_an_endpoint_that_fails_leaves_the_interaction_unanswered(
    live: Live,
    discord: Server,
    operations: Server,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoint, "check", lambda *_signed: False)
    before = live.connection.unanswered
    with impatient(discord):
        sent = control(discord, "/interactions", IMAGINE)
    assert sent["outcome"] == "timeout"
    wait_until(lambda: live.connection.unanswered > before, "it is counted")
    assert "gets no response: the endpoint answered with status 401" in live.log
    assert live.connection.unanswered == before + 1
    assert "status 401" in observed(operations, sent["interaction_id"])["error"]


def test_an_answer_that_discord_refuses_is_logged_with_discords_reason(
    live: Live, discord: Server, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = {"type": 4, "data": {"content": "x" * 2001}}
    monkeypatch.setattr(endpoint, "reply", long)
    with impatient(discord):
        control(discord, "/interactions", IMAGINE)
    wait_until(lambda: "Discord refused it: 400" in live.log, "it is logged")
    assert "50035" in live.log


def test_an_answer_is_tried_again_while_discord_waits(live: Live, discord: Server) -> None:
    fault = {"probability": 1.0, "count": 2, "path": "/callback"}
    set_faults(discord, {"server_error": fault})
    assert control(discord, "/interactions", IMAGINE)["outcome"] == "answered"


def set_faults(discord: Server, faults: Any) -> None:
    """Replace the faults that are switched on."""
    body = {"faults": faults, "seed": None}
    url = f"{discord.url}/control/chaos"
    httpx.put(url, json=body, trust_env=False).raise_for_status()


def test_an_interaction_that_comes_twice_is_handed_over_once(
    live: Live, discord: Server, endpoint: Endpoint
) -> None:
    set_faults(discord, {"duplicates": {"probability": 1.0}})
    try:
        interaction = control(discord, "/interactions", IMAGINE)["interaction_id"]
    finally:
        set_faults(discord, {})

    def logged() -> list[str]:
        return [line for line in live.log.splitlines() if f"interaction {interaction}" in line]

    wait_until(lambda: len(logged()) == 2, "both are logged")
    assert sum("it came before" in line for line in logged()) == 1
    assert sum("is answered after" in line for line in logged()) == 1
    assert [one["id"] for one in endpoint.payloads].count(interaction) == 1


def test_no_token_is_written_anywhere(live: Live, discord: Server, endpoint: Endpoint) -> None:
    control(discord, "/interactions", IMAGINE)
    secrets = {TOKEN, *(one["token"] for one in endpoint.payloads)}
    assert len(secrets) > 1
    files = [path for path in live.folder.path.rglob("*") if path.is_file()]
    assert live.folder.connection in files
    for path in files:
        assert not [one for one in secrets if one in path.read_text()], path


def test_an_endpoint_that_is_late_leaves_the_interaction_unanswered(
    stack: Live, discord: Server, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last test: another connector takes the place of the patient one."""
    stack.end()
    stack.start(answer_seconds=IMPATIENT)
    is_over = threading.Event()
    monkeypatch.setattr(endpoint, "check", lambda *_signed: is_over.wait(20))
    before = stack.connection
    try:
        with impatient(discord):
            assert control(discord, "/interactions", IMAGINE)["outcome"] == "timeout"
        wait_until(lambda: stack.connection.unanswered > before.unanswered, "it is counted")
    finally:
        is_over.set()
    assert f"none within {IMPATIENT:g} s" in stack.log
    assert stack.connection.answered == before.answered
