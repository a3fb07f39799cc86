"""A bot of discord.py on the Gateway: only Discord's addresses are replaced."""

import asyncio
import io
import json
import sys

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from failures import ends_with_it

given = json.loads(sys.stdin.readline())
Route.BASE = f"{given['url']}/api/v10"
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(given["url"].replace("http", "ws"))


class Bot(discord.Client):
    """Draws what it is told to."""

    @ends_with_it
    async def setup_hook(self) -> None:
        """Register the command."""
        tree = discord.app_commands.CommandTree(self)
        tree.command(name="imagine", description="Make a picture")(imagine)
        await tree.sync()

    @ends_with_it
    async def on_ready(self) -> None:
        """Say that interactions may come."""
        print(f"ready {self.user} {self.guilds[0].name} {len(self.guilds[0].channels)}", flush=True)

    @ends_with_it
    async def on_resumed(self) -> None:
        """Say that the session went on."""
        print("resumed", flush=True)

    @ends_with_it
    async def on_message(self, message: discord.Message) -> None:
        """Say what was posted."""
        print(f"message {message.guild} {message.content}", flush=True)


@ends_with_it
async def imagine(interaction: discord.Interaction, prompt: str) -> None:
    """Answer, edit with a picture, follow up, delete."""
    await interaction.response.send_message(f"Drawing {prompt}")
    file = discord.File(io.BytesIO(b"picture"), "a.png")
    await interaction.edit_original_response(content="Done", attachments=[file])
    more = await interaction.followup.send("More", wait=True)
    await more.delete()
    print(f"handled {interaction.id} {interaction.user.name}", flush=True)


async def main() -> None:
    """Run until the input ends."""
    async with Bot(intents=discord.Intents(guilds=True, guild_messages=True)) as bot:
        running = asyncio.create_task(bot.start(given["token"]))
        await asyncio.to_thread(sys.stdin.read)
        await bot.close()
        await running


asyncio.run(main())
