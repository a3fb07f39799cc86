"""What the relay makes of the endpoint's answer and of Discord's."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
import pytest
from nacl.signing import VerifyKey

from emulation.rig.live.relay import Addresses, Relay, Result, UnansweredError
from fixtures.discord.signing import interaction, public_key

SEED = "07" * 32
SECONDS = 60.0
ADDRESSES = Addresses("http://127.0.0.1:1/interactions", "https://discord.test/api/v10")
COMMAND = interaction("command_guild")
OK = httpx.Response(200, json={"type": 4, "data": {"content": "Queued"}})
ACKNOWLEDGED = {"code": 40060, "message": "Interaction has already been acknowledged."}
T = TypeVar("T")
Reply = httpx.Response | Exception


@dataclass
class Network:
    """The endpoint, and Discord, which gives one reply after the other."""

    endpoint: Reply = field(default_factory=lambda: OK)
    discord: list[Reply] = field(default_factory=lambda: [httpx.Response(204)])
    seconds: float = SECONDS
    """How long Discord waits."""
    asked: list[httpx.Request] = field(default_factory=list)
    posted: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        is_endpoint = str(request.url) == ADDRESSES.endpoint_url
        (self.asked if is_endpoint else self.posted).append(request)
        reply = self.endpoint if is_endpoint else self.discord[len(self.posted) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def hand_over(self) -> Result | None:
        return self._do(lambda relay: relay.hand_over(COMMAND))

    def ping(self) -> None:
        self._do(Relay.ping)

    def _do(self, call: Callable[[Relay], Awaitable[T]]) -> T:
        async def work() -> T:
            relay = Relay(ADDRESSES, SEED, self.seconds, transport=httpx.MockTransport(self))
            try:
                return await call(relay)
            finally:
                await relay.close()

        return asyncio.run(work())


def test_the_request_is_signed_by_the_rigs_own_key() -> None:
    network = Network()
    assert network.hand_over() == Result()
    [asked] = network.asked
    signed = asked.headers["X-Signature-Timestamp"].encode() + asked.content
    signature = bytes.fromhex(asked.headers["X-Signature-Ed25519"])
    VerifyKey(bytes.fromhex(public_key(SEED))).verify(signed, signature)


def test_an_answer_with_files_is_posted_byte_for_byte() -> None:
    kind = "multipart/form-data; boundary=b"
    body = b'--b\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{}\r\n--b--\r\n'
    network = Network(httpx.Response(200, content=body, headers={"Content-Type": kind}))
    assert network.hand_over() == Result()
    [posted] = network.posted
    assert (posted.content, posted.headers["Content-Type"]) == (body, kind)
    path = f"/api/v10/interactions/{COMMAND['id']}/{COMMAND['token']}/callback"
    assert (posted.url.host, posted.url.path) == ("discord.test", path)


@pytest.mark.parametrize("status", [202, 204])
def test_an_endpoint_that_responds_itself_is_left_to_it(status: int) -> None:
    network = Network(httpx.Response(status))
    assert network.hand_over() == Result()
    assert network.posted == []


@pytest.mark.parametrize(
    "endpoint",
    [httpx.Response(500), httpx.Response(401), httpx.ConnectError("refused")],
    ids=["500", "401", "not reached"],
)
def test_what_fails_at_the_endpoint_is_not_posted(endpoint: Reply) -> None:
    network = Network(endpoint)
    result = network.hand_over()
    assert result is not None
    assert "the endpoint" in (result.reason or "")
    assert network.posted == []


def server_error() -> Reply:
    return httpx.Response(503)


def no_connection() -> Reply:
    return httpx.ConnectError("reset")


def rate_limited() -> Reply:
    return httpx.Response(429, headers={"Retry-After": "0.1"}, json={"retry_after": 0.1})


@pytest.mark.parametrize("trouble", [server_error, no_connection, rate_limited])
@pytest.mark.parametrize("then", [httpx.Response(204), httpx.Response(400, json=ACKNOWLEDGED)])
def test_what_may_pass_is_tried_again_and_may_have_arrived(
    trouble: Callable[[], Reply], then: httpx.Response
) -> None:
    network = Network(discord=[trouble(), then])
    assert network.hand_over() == Result()
    assert len(network.posted) == 2


def test_an_answer_of_another_program_is_no_success() -> None:
    network = Network(discord=[httpx.Response(400, json=ACKNOWLEDGED)])
    result = network.hand_over()
    assert result is not None
    assert "already been acknowledged" in (result.reason or "")
    assert COMMAND["token"] not in (result.reason or "")


def test_discord_gets_no_answer_after_its_time() -> None:
    network = Network(discord=[httpx.Response(503)] * 100, seconds=1.0)
    assert network.hand_over() == Result("none within 1 s")


def test_an_endpoint_is_there_when_it_answers_a_ping() -> None:
    Network(httpx.Response(200, json={"type": 1})).ping()


@pytest.mark.parametrize(
    "endpoint",
    [httpx.Response(401), httpx.ConnectError("refused"), httpx.Response(200, text="[]")],
    ids=["refused", "not reached", "no pong"],
)
def test_an_endpoint_that_does_not_answer_a_ping_is_said(endpoint: Reply) -> None:
    with pytest.raises(UnansweredError, match="the endpoint"):
        Network(endpoint).ping()
