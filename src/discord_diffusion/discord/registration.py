"""Tell Discord about the application: its commands and where its interactions go.

Deploy steps, with the bot token; no Lambda imports this.
https://docs.discord.com/developers/resources/application
"""

from dataclasses import dataclass
from typing import Any

import httpx

from discord_diffusion.discord.commands import registration
from discord_diffusion.discord.original_response import USER_AGENT

_TIMEOUT_SECONDS = 30.0
"""Discord asks the endpoint twice before it answers."""


class RegistrationError(Exception):
    """Discord refused; the text holds its own words, never the token."""


@dataclass(frozen=True)
class Application:
    """What Discord knows of the application."""

    id: str
    verify_key: str
    """Ed25519 public key, 64 hexadecimal digits."""
    interactions_endpoint_url: str | None


class Registrar:
    """Acts for one application."""

    def __init__(
        self, api_url: str, bot_token: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._http = httpx.Client(
            base_url=api_url,
            headers={"Authorization": f"Bot {bot_token}", "User-Agent": USER_AGENT},
            timeout=_TIMEOUT_SECONDS,
            transport=transport,
        )

    def application(self) -> Application:
        """The application that the token belongs to.

        Raises:
            RegistrationError: the token is not one of an application.
        """
        return _application(self._call("GET", "/applications/@me"))

    def put_commands(self, application_id: str, guild_id: str | None = None) -> int:
        """Replace all commands, in one guild or everywhere; return how many there are now.

        Raises:
            RegistrationError: Discord refused one.
        """
        return len(self._call("PUT", _commands_path(application_id, guild_id), registration()))

    def remove_commands(self, application_id: str, guild_id: str | None = None) -> None:
        """Take every command away, in one guild or everywhere.

        Raises:
            RegistrationError: Discord refused.
        """
        self._call("PUT", _commands_path(application_id, guild_id), [])

    def set_endpoint(self, url: str) -> Application:
        """Have interactions sent to `url`, which Discord checks first.

        Raises:
            RegistrationError: the endpoint did not answer a PING, or accepted a wrong signature.
        """
        body = {"interactions_endpoint_url": url}
        return _application(self._call("PATCH", "/applications/@me", body))

    def remove_endpoint(self) -> Application:
        """Have interactions sent nowhere.

        Raises:
            RegistrationError: Discord refused.
        """
        return _application(
            self._call("PATCH", "/applications/@me", {"interactions_endpoint_url": ""})
        )

    def _call(self, method: str, path: str, body: object | None = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise RegistrationError(f"{method} {path}: {type(error).__name__}") from error
        if answer.is_error:
            raise RegistrationError(f"{method} {path}: {answer.status_code} {answer.text[:2000]}")
        try:
            return answer.json()
        except ValueError:
            raise RegistrationError(f"{method} {path}: the answer is not JSON") from None


def _commands_path(application_id: str, guild_id: str | None) -> str:
    scope = f"/guilds/{guild_id}" if guild_id else ""
    return f"/applications/{application_id}{scope}/commands"


def _application(content: Any) -> Application:
    try:
        return Application(
            id=str(content["id"]),
            verify_key=str(content["verify_key"]),
            interactions_endpoint_url=content.get("interactions_endpoint_url"),
        )
    except (AttributeError, KeyError, TypeError):
        raise RegistrationError("the answer describes no application") from None
