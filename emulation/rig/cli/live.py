"""The options of a stack that serves a real Discord server, and where its token comes from."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from emulation.rig.errors import RigError
from emulation.rig.options import LIVE, STAND_IN
from infra.deploy.choices import DISCORD_BOT_TOKEN, DeploymentSettings


class Discord(StrEnum):
    """What a stack has for Discord."""

    STAND_IN = STAND_IN
    LIVE = LIVE


DiscordMode = Annotated[
    Discord,
    typer.Option(envvar="RIG_DISCORD", help="live: serve a server of the real Discord."),
]
Guild = Annotated[
    str | None,
    typer.Option(
        envvar="RIG_DISCORD_GUILD", help="Id of that server (default: the only one of the bot's)."
    ),
]


def bot_token() -> str | None:
    """The token in the environment."""
    return DeploymentSettings.from_environ().bot_token


def needed_bot_token() -> str:
    """The token in the environment, or what a person types, which the terminal does not show.

    Raises:
        RigError: it is not set, and there is nobody to ask.
    """
    if (given := bot_token()) is not None:
        return given
    if not sys.stdin.isatty():
        raise RigError(
            f"The bot's token is needed for DISCORD=live: set {DISCORD_BOT_TOKEN} in the"
            " environment, or start it in a terminal, which asks for it."
        )
    typed: str = typer.prompt("Bot token (it is not shown)", hide_input=True, err=True)
    return typed.strip()
