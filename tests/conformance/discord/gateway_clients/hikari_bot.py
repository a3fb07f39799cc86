"""A bot of hikari on the Gateway: only the address of its REST client is replaced."""

import asyncio
import json
import sys

import hikari
from failures import ends_with_it

given = json.loads(sys.stdin.readline())
bot = hikari.GatewayBot(
    given["token"],
    rest_url=f"{given['url']}/api/v10",
    intents=hikari.Intents.GUILDS | hikari.Intents.GUILD_MESSAGES,
    banner=None,
    force_color=False,
    logs={"version": 1, "incremental": True, "loggers": {"hikari": {"level": "WARNING"}}},
)


@bot.listen()
@ends_with_it
async def on_guild(event: hikari.GuildAvailableEvent) -> None:
    """Register the command and say that interactions may come; guilds come after the start."""
    application = await bot.rest.fetch_application()
    command = bot.rest.slash_command_builder("imagine", "Make a picture")
    option = hikari.CommandOption(
        type=hikari.OptionType.STRING, name="prompt", description="…", is_required=True
    )
    await bot.rest.set_application_commands(application, [command.add_option(option)])
    print(f"ready {bot.get_me()} {event.guild.name} {len(event.channels)}", flush=True)


@bot.listen()
@ends_with_it
async def on_resumed(_: hikari.ShardResumedEvent) -> None:
    """Say that the session went on."""
    print("resumed", flush=True)


@bot.listen()
@ends_with_it
async def on_message(event: hikari.GuildMessageCreateEvent) -> None:
    """Say what was posted."""
    print(f"message {event.get_guild()} {event.content}", flush=True)


@bot.listen()
@ends_with_it
async def on_interaction(event: hikari.InteractionCreateEvent) -> None:
    """Answer, edit with a picture, follow up, delete."""
    interaction = event.interaction
    assert isinstance(interaction, hikari.CommandInteraction)
    assert interaction.options
    text = f"Drawing {interaction.options[0].value}"
    await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, text)
    await interaction.edit_initial_response("Done", attachment=hikari.Bytes(b"picture", "a.png"))
    more = await interaction.execute("More")
    await interaction.delete_message(more)
    print(f"handled {interaction.id} {interaction.user.username}", flush=True)


async def main() -> None:
    """Run until the input ends."""
    await bot.start()
    await asyncio.to_thread(sys.stdin.read)
    await bot.close()


asyncio.run(main())
