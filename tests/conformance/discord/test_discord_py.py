"""discord.py works against the stand-in, with nothing changed but Discord's address."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import HTTPClient, Route, handle_message_parameters
from discord.webhook.async_ import async_context, interaction_response_params

from tests.standin_in_process import WEBHOOK_ID, WEBHOOK_TOKEN

pytestmark = pytest.mark.anyio

CHANNEL = 1400000000000000001
THREAD = 1400000000000000004
WEBHOOK = (int(WEBHOOK_ID), WEBHOOK_TOKEN)
COMMAND = {"name": "imagine", "description": "d", "type": 1}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def address(discord_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace Discord's address in the library, and nothing else."""
    monkeypatch.setattr(Route, "BASE", discord_server.api)


@asynccontextmanager
async def logged_in(token: str) -> AsyncIterator[HTTPClient]:
    """The library's HTTP client, logged in as by `Client.login`."""
    client = HTTPClient(asyncio.get_running_loop())
    try:
        user = await client.static_login(token)
        assert user["bot"]
        yield client
    finally:
        await client.close()


def picture(name: str = "a.png") -> discord.File:
    """A file to send."""
    return discord.File(io.BytesIO(b"bytes of " + name.encode()), name, description="a circle")


async def test_a_webhook_sends_edits_fetches_and_deletes() -> None:
    async with aiohttp.ClientSession() as session:
        webhook = discord.Webhook.partial(*WEBHOOK, session=session)
        sent = await webhook.send(
            "Hello",
            wait=True,
            username="Bo",
            files=[picture(), picture("b.png")],
            embed=discord.Embed(title="T", description="D").set_image(url="attachment://a.png"),
            allowed_mentions=discord.AllowedMentions.none(),
        )
        # A file that an embed shows is listed in the embed alone:
        # https://github.com/discord/discord-api-docs/issues/8277
        [listed] = sent.attachments
        assert listed.filename == "b.png"
        image = sent.embeds[0].image
        assert image is not None
        async with session.get(image.url) as served:
            assert await served.read() == b"bytes of a.png"
        kept = [listed, picture("c.png")]
        edited = await webhook.edit_message(sent.id, content="Changed", attachments=kept)
        assert [attachment.filename for attachment in edited.attachments] == ["b.png", "c.png"]
        assert (await webhook.fetch_message(sent.id)).content == "Changed"
        await webhook.delete_message(sent.id)
        with pytest.raises(discord.NotFound) as gone:
            await webhook.fetch_message(sent.id)
        assert gone.value.code == 10008


async def test_a_webhook_posts_into_a_thread() -> None:
    async with aiohttp.ClientSession() as session:
        webhook = discord.Webhook.partial(*WEBHOOK, session=session)
        sent = await webhook.send("x", wait=True, thread=discord.Object(THREAD))
        assert sent.channel.id == THREAD
        assert await webhook.send("not waited for") is None


async def test_a_webhook_follows_up_an_interaction(discord_server: Any) -> None:
    token = discord_server.interact()
    async with aiohttp.ClientSession() as session:
        adapter = async_context.get()
        application_id = discord_server.application_id
        with handle_message_parameters(content="Done", attachments=[picture()]) as params:
            edited = await adapter.edit_original_interaction_response(
                application_id,
                token,
                session=session,
                payload=params.payload,
                multipart=params.multipart,
                files=params.files,
            )
        assert edited["content"] == "Done"
        # As `Interaction.followup` builds it; webhooks of type 3 belong to applications.
        data: Any = {"id": application_id, "type": 3, "token": token}
        webhook = discord.Webhook(data, session=session)
        view = discord.ui.View()
        view.add_item(discord.ui.Button(label="Docs", url="https://x.test"))
        more = await webhook.send("More", wait=True, ephemeral=True, view=view)
        assert more.flags.ephemeral
        assert more.components


async def test_a_second_response_by_url_raises_40060(discord_server: Any) -> None:
    token = discord_server.interact()
    interaction_id = discord_server.endpoint.payloads[-1]["id"]
    async with aiohttp.ClientSession() as session:
        params = interaction_response_params(4, data={"content": "again"})
        with pytest.raises(discord.HTTPException) as twice:
            await async_context.get().create_interaction_response(
                interaction_id, token, session=session, params=params
            )
        assert twice.value.code == 40060


async def test_the_http_client_registers_commands(discord_server: Any) -> None:
    async with logged_in(discord_server.bot_token) as http:
        info = await http.application_info()
        application_id = info["id"]
        made = await http.bulk_upsert_global_commands(application_id, [COMMAND])
        assert [command["name"] for command in made] == ["imagine"]
        changes = {"description": "new"}
        edited = await http.edit_global_command(application_id, made[0]["id"], changes)
        assert edited["description"] == "new"
        other = await http.upsert_global_command(application_id, COMMAND | {"name": "other"})
        await http.delete_global_command(application_id, other["id"])
        assert len(await http.get_global_commands(application_id)) == 1
        guild = 1300000000000000001
        assert await http.bulk_upsert_guild_commands(application_id, guild, [COMMAND])


async def test_a_command_tree_is_accepted(discord_server: Any) -> None:
    @discord.app_commands.command(description="Make pictures")
    @discord.app_commands.describe(prompt="What to draw", images="How many")
    @discord.app_commands.choices(
        images=[discord.app_commands.Choice(name=str(n), value=n) for n in (1, 2)]
    )
    async def imagine(
        _interaction: discord.Interaction,
        prompt: discord.app_commands.Range[str, 1, 6000],
        images: int = 1,
        seed: discord.app_commands.Range[int, 0, 2**32 - 1] | None = None,
    ) -> None:
        """The command; only its signature is used."""

    async with discord.Client(intents=discord.Intents.none()) as client:
        tree = discord.app_commands.CommandTree(client)
        tree.add_command(imagine)
        await client.login(discord_server.bot_token)
        [synced] = await tree.sync()
    assert [option.name for option in synced.options] == ["prompt", "images", "seed"]


async def test_an_error_names_the_field_and_the_reason(discord_server: Any) -> None:
    async with logged_in(discord_server.bot_token) as http:
        bad = COMMAND | {"options": [{"type": 3, "name": "UPPER", "description": "d"}]}
        with pytest.raises(discord.HTTPException) as error:
            await http.bulk_upsert_global_commands(int(discord_server.application_id), [bad])
        assert error.value.code == 50035
        assert "In 0.options.0.name: Command name is invalid" in error.value.text
    with pytest.raises(discord.LoginFailure):
        async with logged_in("wrong"):
            pass


async def test_the_http_client_posts_and_lists_messages(discord_server: Any) -> None:
    async with logged_in(discord_server.bot_token) as http:
        for content in ("one", "two"):
            with handle_message_parameters(content=content) as params:
                await http.send_message(CHANNEL, params=params)
        listed = await http.logs_from(CHANNEL, 50)
        assert [message["content"] for message in listed] == ["two", "one"]


async def test_the_http_client_retries_after_a_429(discord_server: Any) -> None:
    plan = {"faults": {"rate_limited": {"count": 1, "seconds": 0.2}}}
    async with logged_in(discord_server.bot_token) as http:
        discord_server.http.put("/control/chaos", json=plan)
        assert await http.application_info()
    struck = discord_server.http.get("/control/chaos").json()["faults"]["rate_limited"]["hits"]
    assert struck == 1


async def test_the_http_client_obeys_the_rate_limit_headers(discord_server: Any) -> None:
    async with logged_in(discord_server.bot_token) as http:
        for n in range(7):
            with handle_message_parameters(content=str(n)) as params:
                await http.send_message(CHANNEL, params=params)
    requests = discord_server.http.get("/control/snapshot").json()
    assert len(requests["messages"][str(CHANNEL)]) == 7
