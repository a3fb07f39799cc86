"""A bot of py-cord on the Gateway: only Discord's address is replaced."""

import asyncio
import io
import json
import sys

import discord
from discord.http import Route
from failures import ends_with_it

given = json.loads(sys.stdin.readline())
Route.API_BASE_URL = f"{given['url']}/api/v{{API_VERSION}}"


class Bot(discord.Bot):
    """Draws what it is told to."""

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
async def imagine(context: discord.ApplicationContext, prompt: str) -> None:
    """Answer, edit with a picture, follow up, delete."""
    await context.respond(f"Drawing {prompt}")
    file = discord.File(io.BytesIO(b"picture"), "a.png")
    await context.interaction.edit_original_response(content="Done", files=[file])
    more = await context.followup.send("More", wait=True)
    await more.delete()
    print(f"handled {context.interaction.id} {context.user.name}", flush=True)


async def main() -> None:
    """Run until the input ends."""
    bot = Bot(intents=discord.Intents(guilds=True, guild_messages=True))
    bot.slash_command(name="imagine", description="Make a picture")(imagine)
    running = asyncio.create_task(bot.start(given["token"]))
    await asyncio.to_thread(sys.stdin.read)
    await bot.close()
    # A connection that is being opened again meanwhile would fail.
    running.cancel()


asyncio.run(main())
