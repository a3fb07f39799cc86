"""Registering the application with Discord, and the errors if Discord refuses."""

import json
from collections.abc import Callable

import httpx
import pytest

from discord_diffusion.discord.commands import COMMANDS, SHOW_PARAMETERS
from infra.deploy import registration as registration_module
from infra.deploy.errors import RegistrationError
from infra.deploy.registration import Registrar, registration

TOKEN = "the-bot-token"
APPLICATION = {"id": "1", "verify_key": "ab" * 32, "interactions_endpoint_url": None, "new": 1}


class Discord:
    """Records requests, and answers each by a function."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._answer(request)

    def registrar(self, token: str = TOKEN) -> Registrar:
        transport = httpx.MockTransport(self)
        return Registrar("https://discord.test/api/v10", token, transport=transport)


def answering(status: int, content: object) -> Discord:
    return Discord(lambda _: httpx.Response(status, json=content))


def test_the_application_is_the_tokens_own() -> None:
    discord = answering(200, APPLICATION)
    application = discord.registrar().application()
    assert (application.id, application.verify_key) == ("1", "ab" * 32)
    assert application.interactions_endpoint_url is None
    (request,) = discord.requests
    assert str(request.url) == "https://discord.test/api/v10/applications/@me"
    assert request.headers["Authorization"] == f"Bot {TOKEN}"
    assert request.headers["User-Agent"].startswith("DiscordBot (https://")


def test_a_token_of_other_characters_is_refused_by_discord() -> None:
    discord = answering(401, {"message": "401: Unauthorized", "code": 0})
    with pytest.raises(RegistrationError) as refused:
        discord.registrar("\u2022\u2022\u2022").application()
    assert refused.value.status == 401


def with_ids(request: httpx.Request) -> httpx.Response:
    """Discord's answer to a bulk overwrite: every command with an id of its own."""
    commands = json.loads(request.content)
    return httpx.Response(200, json=[one | {"id": f"id of {one['name']}"} for one in commands])


@pytest.mark.parametrize(
    ("guild", "path"),
    [(None, "/applications/1/commands"), ("9", "/applications/1/guilds/9/commands")],
)
def test_the_commands_are_replaced_as_a_whole(guild: str | None, path: str) -> None:
    discord = Discord(with_ids)
    ids = discord.registrar().put_commands("1", guild)
    assert ids == {one.name: f"id of {one.name}" for one in COMMANDS if one is not SHOW_PARAMETERS}
    (request,) = discord.requests
    assert (request.method, request.url.path) == ("PUT", f"/api/v10{path}")
    assert json.loads(request.content) == registration()


def test_the_endpoint_is_set_by_a_patch() -> None:
    discord = answering(200, APPLICATION | {"interactions_endpoint_url": "https://x.test/i"})
    application = discord.registrar().set_endpoint("https://x.test/i")
    assert application.interactions_endpoint_url == "https://x.test/i"
    assert json.loads(discord.requests[0].content) == {
        "interactions_endpoint_url": "https://x.test/i"
    }


def test_discords_check_of_the_endpoint_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first check may reach a part of API Gateway that lacks the new deployment."""
    monkeypatch.setattr(registration_module, "_ENDPOINT_PAUSE_SECONDS", 0.0)
    answers = iter([400, 400, 200])
    content = APPLICATION | {"interactions_endpoint_url": "https://x.test/i"}
    discord = Discord(lambda _: httpx.Response(next(answers), json=content))
    assert discord.registrar().set_endpoint("https://x.test/i").id == "1"
    assert len(discord.requests) == 3
    refused = answering(400, {"code": 50035, "message": "Invalid Form Body"})
    with pytest.raises(RegistrationError, match="50035"):
        refused.registrar().set_endpoint("https://x.test/i")
    assert len(refused.requests) == 3
    ended = answering(401, {"code": 0, "message": "401: Unauthorized"})
    with pytest.raises(RegistrationError, match="401"):
        ended.registrar().set_endpoint("https://x.test/i")
    assert len(ended.requests) == 1


def test_the_error_of_a_refusal_has_discords_message_and_not_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registration_module, "_ENDPOINT_PAUSE_SECONDS", 0.0)
    discord = answering(400, {"code": 50035, "message": "Invalid Form Body"})
    with pytest.raises(RegistrationError, match=r"400.*Invalid Form Body") as refused:
        discord.registrar().set_endpoint("https://x.test/i")
    assert TOKEN not in str(refused.value)


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


@pytest.mark.parametrize(
    "discord",
    [
        Discord(unreachable),
        Discord(lambda _: httpx.Response(200, text="<html>")),
        answering(200, []),
        answering(200, {"id": "1"}),
    ],
)
def test_an_unusable_answer_is_a_registration_error(discord: Discord) -> None:
    with pytest.raises(RegistrationError):
        discord.registrar().application()
