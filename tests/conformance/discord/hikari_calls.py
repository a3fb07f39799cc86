"""Calls every method of hikari's REST client whose route the stand-in has, once or more."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import hikari
import httpx
from websockets.asyncio.client import connect

from fixtures.discord.signing import application
from tests.e2e.application import picture
from tests.standin_in_process import ADA, GUILD, PICTURES

Result = TypeVar("Result")

_ROW = hikari.impl.MessageActionRowBuilder().add_interactive_button(
    hikari.ButtonStyle.PRIMARY, "b", label="B"
)
_FORM = hikari.impl.ModalActionRowBuilder().add_text_input("i", "Label")
_TEXT = hikari.impl.ContainerComponentBuilder(
    components=[hikari.impl.TextDisplayComponentBuilder(content="x")]
)
_COMMAND = {"command": "imagine", "options": {"prompt": "x"}}


def _file(name: str) -> hikari.Bytes:
    return hikari.Bytes(b"x", name)


@dataclass
class Calls:
    """The calls of a client, each by a name, and what went wrong with those that failed."""

    rest: Any
    http: httpx.AsyncClient
    passed: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    async def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the client; its result, all of it where it comes page by page."""
        try:
            called = getattr(self.rest, name)(*args, **kwargs)
            is_paged = isinstance(called, hikari.LazyIterator) and name != "trigger_typing"
            result = [one async for one in called] if is_paged else await _once(called)
        except (hikari.HikariError, KeyError, TypeError, ValueError) as error:
            self.failed[name] = str(getattr(error, "code", repr(error)))
            return None
        self.passed += 1
        return result


async def _once(called: Awaitable[Result]) -> Result:
    return await called


async def all_calls(url: str) -> Calls:
    """Make them all, on a connection that is kept."""
    kept = hikari.impl.HTTPSettings(force_close_transports=False)
    client = hikari.RESTApp(url=f"{url}/api/v10", http_settings=kept)
    await client.start()
    try:
        async with (
            httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http,
            client.acquire(application()["bot_token"], "Bot") as rest,
        ):
            calls = Calls(rest, http)
            for part in (_guild, _messages, _reactions, _webhooks, _commands, _sales):
                await part(calls)
            await _interactions(calls)
            return calls
    finally:
        await client.close()


async def _guild(calls: Calls) -> None:
    for name in ("application", "my_user", "gateway_url", "gateway_bot_info", "my_guilds"):
        await calls.call(f"fetch_{name}")
    await calls.call("edit_application", description="x")
    await calls.call("fetch_user", ADA)
    await calls.call("fetch_channel", PICTURES)
    names = ("guild", "guild_channels", "guild_emojis", "guild_invites", "guild_stickers")
    for name in (*names, "guild_webhooks", "scheduled_events", "active_threads", "members"):
        await calls.call(f"fetch_{name}", GUILD)
    await calls.call("fetch_member", GUILD, ADA)
    await calls.call("fetch_my_member", GUILD)
    await calls.call("search_members", GUILD, "a")
    roles = await calls.call("fetch_roles", GUILD)
    await calls.call("fetch_role", GUILD, roles[0])
    await calls.call("create_dm_channel", ADA)


async def _messages(calls: Calls) -> None:
    embed = hikari.Embed(title="t", description="d")
    message = await calls.call(
        "create_message", PICTURES, "x", attachment=_file("a.txt"), embed=embed, component=_ROW
    )
    await calls.call("create_message", PICTURES, "x", reply=message)
    await calls.call("create_message", PICTURES, components=[_TEXT])
    await calls.call("edit_message", PICTURES, message, "y")
    await calls.call("fetch_message", PICTURES, message)
    await calls.call("fetch_messages", PICTURES)
    await calls.call("pin_message", PICTURES, message)
    await calls.call("fetch_pins", PICTURES)
    await calls.call("unpin_message", PICTURES, message)
    await calls.call("forward_message", PICTURES, message, PICTURES)
    await calls.call("create_voice_message", PICTURES, _file("a.ogg"), "AAAA", 1.0)
    more = [await calls.call("create_message", PICTURES, "x") for _ in range(3)]
    await calls.call("delete_message", PICTURES, more[0])
    await calls.call("delete_messages", PICTURES, more[1], more[2])


async def _reactions(calls: Calls) -> None:
    message = await calls.call("create_message", PICTURES, "x")
    for emoji in "👍👎":
        await calls.call("add_reaction", PICTURES, message, emoji)
    await calls.call("fetch_reactions_for_emoji", PICTURES, message, "👍")
    await calls.call("delete_my_reaction", PICTURES, message, "👍")
    await calls.call("delete_reaction", PICTURES, message, application()["application_id"], "👎")
    await calls.call("delete_all_reactions_for_emoji", PICTURES, message, "👎")
    await calls.call("delete_all_reactions", PICTURES, message)


async def _webhooks(calls: Calls) -> None:
    avatar = hikari.Bytes(picture(1, 16), "a.png")
    webhook = await calls.call("create_webhook", PICTURES, "w", avatar=avatar)
    await calls.call("fetch_channel_webhooks", PICTURES)
    for token in ({}, {"token": webhook.token}):
        await calls.call("fetch_webhook", webhook, **token)
        await calls.call("edit_webhook", webhook, name="z", **token)
    own = (webhook, webhook.token)
    posted = await calls.call(
        "execute_webhook", *own, "x", username="u", avatar_url="https://a.test/b.png"
    )
    await calls.call("execute_webhook_voice_message", *own, _file("a.ogg"), "AAAA", 1.0)
    await _message_of_a_webhook(calls, own, posted)
    await calls.call("delete_webhook", webhook)


async def _message_of_a_webhook(calls: Calls, own: tuple[Any, str], message: Any) -> None:
    await calls.call("fetch_webhook_message", *own, message)
    await calls.call("edit_webhook_message", *own, message, "y", attachment=_file("b.txt"))
    await calls.call("delete_webhook_message", *own, message)


async def _commands(calls: Calls) -> None:
    bot = application()["application_id"]
    kind = hikari.OptionType.STRING
    option = hikari.CommandOption(
        type=kind, name="prompt", description="p", is_required=True, autocomplete=True
    )
    imagine = calls.rest.slash_command_builder("imagine", "d").add_option(option)
    for guild in (GUILD, hikari.UNDEFINED):
        [made] = await calls.call("set_application_commands", bot, [imagine], guild)
        await calls.call("fetch_application_commands", bot, guild)
        await calls.call("fetch_application_command", bot, made, guild)
        other = await calls.call("create_slash_command", bot, "other", "d", guild=guild)
        look = (hikari.CommandType.MESSAGE, "Look")
        await calls.call("create_context_menu_command", bot, *look, guild=guild)
        await calls.call("edit_application_command", bot, other, guild, description="e")
        await calls.call("delete_application_command", bot, other, guild)
    await calls.call("fetch_application_guild_commands_permissions", bot, GUILD)
    await calls.call("fetch_application_command_permissions", bot, GUILD, made)
    await calls.call("set_application_command_permissions", bot, GUILD, made, [])


async def _sales(calls: Calls) -> None:
    bot = application()["application_id"]
    made = (await calls.http.post("/control/skus", json={"name": "Pro", "type": 3})).json()
    await calls.call("fetch_skus", bot)
    user = hikari.monetization.EntitlementOwnerType.USER
    bought = await calls.call(
        "create_test_entitlement", bot, sku=int(made["id"]), owner_id=ADA, owner_type=user
    )
    await calls.call("fetch_entitlements", bot)
    await calls.call("fetch_entitlement", bot, bought)
    await calls.call("consume_entitlement", bot, bought)
    await calls.call("delete_test_entitlement", bot, bought)


async def _interactions(calls: Calls) -> None:
    async with connect(str(calls.http.base_url).replace("http", "ws")) as gateway:
        who = dict.fromkeys(("os", "browser", "device"), "x")
        identify = {"token": application()["bot_token"], "intents": 0, "properties": who}
        await gateway.send(json.dumps({"op": 2, "d": identify}))

        @asynccontextmanager
        async def sent(**action: Any) -> AsyncIterator[tuple[Any, ...]]:
            """An interaction that is to be answered: its id and its token."""
            sending = asyncio.create_task(calls.http.post("/control/interactions", json=action))
            while (event := json.loads(await gateway.recv()))["t"] != "INTERACTION_CREATE":
                pass
            yield int(event["d"]["id"]), event["d"]["token"]
            (await sending).raise_for_status()

        await _responses(calls, sent)


async def _responses(calls: Calls, sent: Any) -> None:
    bot, kind = application()["application_id"], hikari.ResponseType
    respond = "create_interaction_response"
    async with sent(**_COMMAND) as (number, token):
        await calls.call(respond, number, token, kind.MESSAGE_CREATE, "x", component=_ROW)
        await calls.call("edit_interaction_response", bot, token, "y", attachment=_file("a.txt"))
        answer = await calls.call("fetch_interaction_response", bot, token)
        followed = await calls.call("execute_webhook", int(bot), token, "x")
        await _message_of_a_webhook(calls, (int(bot), token), followed)
    click = {"message_id": str(answer.id), "custom_id": "b"}
    async with sent(**click) as modal:
        await calls.call("create_modal_response", *modal, title="T", custom_id="m", component=_FORM)
    async with sent(**click) as clicked:
        await calls.call(respond, *clicked, kind.MESSAGE_UPDATE, "z")
    async with sent(**_COMMAND, focused="prompt") as typed:
        choice = hikari.impl.AutocompleteChoiceBuilder("a", "b")
        await calls.call("create_autocomplete_response", *typed, choices=[choice])
    async with sent(**_COMMAND) as deferred:
        await calls.call(respond, *deferred, kind.DEFERRED_MESSAGE_CREATE)
        await calls.call("delete_interaction_response", bot, deferred[1])
