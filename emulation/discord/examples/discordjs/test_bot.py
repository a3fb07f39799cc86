"""The bot of bot.mjs answers /roll, over the Gateway. `npm install` first."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from discord_stand_in.testing import StandIn


@pytest.fixture
def discord(discord_stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in, with the bot connected."""
    own = {"DISCORD_API": discord_stand_in.api_url, "DISCORD_TOKEN": discord_stand_in.bot_token}
    command, folder = ["node", "bot.mjs"], Path(__file__).parent
    with subprocess.Popen(command, cwd=folder, env=os.environ | own) as bot:
        try:
            discord_stand_in.wait_for_command("roll")
            yield discord_stand_in
        finally:
            bot.terminate()


def test_everybody_reads_what_was_rolled(discord: StandIn) -> None:
    answer = discord.command("roll")
    assert answer.outcome == "answered", answer.error
    [message] = discord.messages()
    assert re.fullmatch(r"ada rolled [1-6]", message.content)
