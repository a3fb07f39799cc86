"""A bot of nextcord on the Gateway: only Discord's address is replaced."""

import asyncio
import io
import json
import sys

import nextcord
from failures import ends_with_it
from nextcord.http import Route

given = json.loads(sys.stdin.readline())
Route.BASE = f"{given['url']}/api/v10"


class Bot(nextcord.Client):
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
    async def on_message(self, message: nextcord.Message) -> None:
        """Say what was posted."""
        print(f"message {message.guild} {message.content}", flush=True)


@ends_with_it
async def imagine(interaction: nextcord.Interaction, prompt: str) -> None:
    """Answer, edit with a picture, follow up, delete."""
    await interaction.response.send_message(f"Drawing {prompt}")
    file = nextcord.File(io.BytesIO(b"picture"), "a.png")
    await interaction.edit_original_message(content="Done", file=file)
    more = await interaction.followup.send("More", wait=True)
    await more.delete()
    print(f"handled {interaction.id} {interaction.user.name}", flush=True)


async def main() -> None:
    """Run until the input ends."""
    bot = Bot(intents=nextcord.Intents(guilds=True, guild_messages=True))
    bot.slash_command(name="imagine", description="Make a picture")(imagine)
    running = asyncio.create_task(bot.start(given["token"]))
    await asyncio.to_thread(sys.stdin.read)
    await bot.close()
    running.cancel()


asyncio.run(main())
