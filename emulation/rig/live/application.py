"""The application behind a bot token, and the server it serves: checked before anything starts."""

from dataclasses import replace

import httpx

from emulation.rig.errors import StartError
from emulation.rig.live import signing_key
from emulation.rig.options import StackOptions
from emulation.rig.state import LiveServer, StackState
from fixtures.discord.signing import public_key
from infra.deploy.choices import DISCORD_BOT_TOKEN, DeploymentSettings
from infra.deploy.errors import RegistrationError
from infra.deploy.registration import Registrar
from toolchain.layout import Layout

PORTAL = "https://discord.com/developers/applications"
NEW_TOKEN = (
    f"Open {PORTAL}, choose the application, then Bot > Reset Token, and start again with the"
    " new token."
)
_INVITATION = "https://discord.com/oauth2/authorize?client_id={}&scope=bot+applications.commands"


def served(layout: Layout, state: StackState, options: StackOptions) -> StackState:
    """The state of a stack that serves the server of its options instead of the stand-in.

    Raises:
        StartError: as `find`; or there is no token.
    """
    if options.bot_token is None:
        raise StartError(f"The bot's token is needed. Set {DISCORD_BOT_TOKEN}. {NEW_TOKEN}")
    api_url = DeploymentSettings.from_environ().discord_api_url
    key = signing_key.kept(layout.cache).read_text()
    live = find(api_url, options.bot_token, options.guild, key)
    return replace(state, discord_api_url=api_url, live=live)


def find(api_url: str, bot_token: str, guild_id: str | None, key: str) -> LiveServer:
    """The application of a bot token, and the server whose id is given, or its only one.

    Args:
        api_url: base of Discord's HTTP API.
        bot_token: from the portal.
        guild_id: the server; None where the bot is in one alone.
        key: the seed, in hex, of the key by which interactions will be signed.

    Raises:
        StartError: Discord does not know the token, the application's interactions go elsewhere,
            or the server is not known; the text says what to do.
    """
    registrar = Registrar(api_url, bot_token)
    try:
        application = registrar.application()
        guilds = registrar.guilds()
    except RegistrationError as error:
        raise StartError(_explained(error, api_url)) from error
    if application.interactions_endpoint_url:
        raise StartError(
            "Discord sends the interactions of this application to"
            f" {application.interactions_endpoint_url}, so none would come here. Open"
            f" {PORTAL}/{application.id}/information, empty the field Interactions Endpoint URL and"
            " save; or use an application of its own for this machine."
        )
    chosen = _chosen(guilds, guild_id, _INVITATION.format(application.id))
    return LiveServer(application.id, chosen, guilds[chosen], public_key(key))


def _explained(error: RegistrationError, api_url: str) -> str:
    if error.status == httpx.codes.UNAUTHORIZED:
        return f"Discord does not know this bot token. {NEW_TOKEN}"
    if error.status is None:
        return f"{error}. Is this machine online? The address is {api_url}"
    return str(error)


def _chosen(guilds: dict[str, str], wanted: str | None, invitation: str) -> str:
    """The id of the server that is meant; StartError if none is, or not one alone."""
    listed = "\n".join(f"  DISCORD_GUILD={one}  {name}" for one, name in guilds.items())
    if not guilds:
        raise StartError(f"The bot is in no server. Invite it to yours: {invitation}")
    if wanted is None and len(guilds) > 1:
        raise StartError(f"The bot is in {len(guilds)} servers. Name one of them:\n{listed}")
    if wanted is not None and wanted not in guilds:
        raise StartError(
            f"The bot is not in the server {wanted}. Invite it there: {invitation}\n"
            f"Or name one that it is in:\n{listed}"
        )
    return wanted or next(iter(guilds))
