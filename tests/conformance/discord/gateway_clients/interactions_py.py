"""A bot of interactions.py on the Gateway: only Discord's address is replaced."""

import asyncio
import io
import json
import sys

from failures import ends_with_it
from interactions import (
    Client,
    File,
    Intents,
    OptionType,
    SlashContext,
    listen,
    slash_command,
    slash_option,
)
from interactions.api.http.route import Route

given = json.loads(sys.stdin.readline())
Route.BASE = f"{given['url']}/api/v10"


class Bot(Client):
    """Draws what it is told to."""

    @listen("on_ready")
    @ends_with_it
    async def ready(self) -> None:
        """Say that interactions may come."""
        guild = self.guilds[0]
        print(f"ready {self.user.username} {guild.name} {len(guild.channels)}", flush=True)


@slash_command(name="imagine", description="Make a picture")
@slash_option("prompt", "What to draw", opt_type=OptionType.STRING, required=True)
@ends_with_it
async def imagine(context: SlashContext, prompt: str) -> None:
    """Answer, edit with a picture, follow up, delete."""
    await context.send(f"Drawing {prompt}")
    await context.edit(content="Done", file=File(io.BytesIO(b"picture"), file_name="a.png"))
    more = await context.send("More")
    await context.delete(more)
    print(f"handled {context.id} {context.user.username}", flush=True)


async def main() -> None:
    """Run until the input ends."""
    bot = Bot(intents=Intents.GUILDS | Intents.GUILD_MESSAGES)
    running = asyncio.create_task(bot.astart(given["token"]))
    await asyncio.to_thread(sys.stdin.read)
    # Cancelled, it stops itself; `stop` from here would close the session below its heartbeats.
    running.cancel()
    await asyncio.wait([running])


asyncio.run(main())
