"""`discord_stand_in.testing`: what strangers' tests do with a stand-in, by its own client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from discord_interactions import verify_key

from discord_stand_in.testing import (
    StandIn,
    StandInRefusedError,
    StandInStartError,
    StandInTimeoutError,
    running,
)
from tests.standin_server import Endpoint

BORIS = "1100000000000000002"
BUTTON = {"type": 2, "style": 1, "label": "Again", "custom_id": "again"}
MENU = {"type": 3, "custom_id": "side", "options": [{"label": "Six", "value": "6"}]}
INPUT = {"type": 4, "custom_id": "name", "label": "Name", "style": 1}
FORM = {"custom_id": "form", "title": "Name", "components": [{"type": 1, "components": [INPUT]}]}


@pytest.fixture(scope="module")
def discord() -> Iterator[StandIn]:
    with running() as stand_in:
        yield stand_in


@pytest.fixture
def endpoint(discord: StandIn) -> Iterator[Endpoint]:
    """A bot whose answers a test chooses, with the command `roll`; everything is as at a start."""
    discord.reset()
    bot = Endpoint(lambda body, *signed: bool(verify_key(body, *signed, discord.public_key)))
    with bot.listening() as url:
        discord.set_endpoint(url)
        discord.register([{"name": "roll", "description": "Roll a die"}])
        yield bot
    discord.set_endpoint(None)


def answer(*components: dict[str, object]) -> dict[str, object]:
    rows = [{"type": 1, "components": [one]} for one in components]
    return {"type": 4, "data": {"content": "A six", "components": rows}}


def test_a_user_runs_a_command_and_everybody_reads_the_answer(
    discord: StandIn, endpoint: Endpoint
) -> None:
    endpoint.reply = answer()
    discord.wait_for_command("roll")
    sent = discord.command("roll", user_id=BORIS)
    assert (sent.outcome, sent.error) == ("answered", None)
    assert endpoint.payloads[-1]["member"]["user"]["username"] == "boris"
    assert discord.messages() == [sent.message]
    assert discord.wait_for_message("six") == sent.message
    assert sent.message is not None
    assert (sent.message.author, sent.message.ephemeral_for) == ("Diffusion", None)


def test_a_user_clicks_a_button_chooses_in_a_menu_and_submits_a_form(
    discord: StandIn, endpoint: Endpoint
) -> None:
    endpoint.reply = answer(BUTTON, MENU)
    message = discord.command("roll").message
    assert message is not None
    endpoint.reply = {"type": 9, "data": FORM}
    opened = discord.click(message, "again")
    assert opened.response is not None
    assert opened.response["data"]["title"] == "Name"
    endpoint.reply = answer()
    assert discord.submit(opened, {"name": "Ada"}).outcome == "answered"
    assert endpoint.payloads[-1]["data"]["components"][0]["components"][0]["value"] == "Ada"
    assert discord.click(message, "side", ["6"]).outcome == "answered"
    assert endpoint.payloads[-1]["data"]["values"] == ["6"]


def test_an_answer_that_discord_refuses_is_told_with_the_reason(
    discord: StandIn, endpoint: Endpoint
) -> None:
    endpoint.reply = {"type": 4, "data": {"content": "x" * 2001}}
    sent = discord.command("roll")
    assert sent.outcome == "error"
    assert "2000" in str(sent.raw["error_body"])
    assert discord.messages() == []


def test_a_fault_strikes_as_often_as_it_is_told_to(discord: StandIn, endpoint: Endpoint) -> None:
    endpoint.reply = answer()
    discord.switch_chaos({"duplicates": {"count": 1}})
    discord.command("roll")
    discord.wait_for(lambda: len(endpoint.payloads) == 2, "the bot is called twice")
    assert endpoint.payloads[0] == endpoint.payloads[1]


@pytest.mark.usefixtures("endpoint")
def test_what_the_stand_in_refuses_is_told_with_the_reason(discord: StandIn) -> None:
    with pytest.raises(StandInRefusedError, match="There is no channel 5"):
        discord.messages("5")
    with pytest.raises(StandInRefusedError, match="Command name is invalid"):
        discord.register([{"name": "NO NAME", "description": "d"}])
    with pytest.raises(StandInRefusedError, match="could not be verified"):
        discord.set_endpoint("http://127.0.0.1:1/nobody-listens")
    with pytest.raises(StandInTimeoutError, match="until pigs fly"):
        discord.wait_for(lambda: None, "pigs fly", seconds=0)


def test_a_stand_in_that_can_not_start_says_why(discord: StandIn, tmp_path: Path) -> None:
    port = discord.url.rpartition(":")[2]
    with (
        pytest.raises(StandInStartError, match=f"Can't listen on 127.0.0.1:{port}.*--port"),
        running("--port", port),
    ):
        pass
    with (
        pytest.raises(FileNotFoundError, match=r"none\.json"),
        running(application=tmp_path / "none.json"),
    ):
        pass
