"""Registers the application with Discord: its commands and its interactions endpoint.

These steps of a deployment need the bot token; nothing that runs on AWS imports this module.
https://docs.discord.com/developers/resources/application
"""

import time
from dataclasses import dataclass
from typing import Any

import httpx

from discord_diffusion.discord.command_model import (
    Choice,
    Command,
    CommandType,
    Context,
    Option,
    OptionType,
    SubCommand,
)
from discord_diffusion.discord.commands import COMMANDS
from discord_diffusion.discord.original_response import USER_AGENT
from discord_diffusion.texts.catalogue import LANGUAGES, MissingTextError, command_text
from infra.deploy.errors import RegistrationError

_TIMEOUT_SECONDS = 30.0
"""Discord sends the endpoint two requests before it answers."""
_ENDPOINT_ATTEMPTS = 3
_ENDPOINT_PAUSE_SECONDS = 5.0
"""A part of API Gateway that Discord reaches may not have the new deployment yet."""


@dataclass(frozen=True)
class Application:
    """The application as Discord describes it."""

    id: str
    verify_key: str
    """Ed25519 public key, 64 hexadecimal digits."""
    interactions_endpoint_url: str | None


class Registrar:
    """Calls Discord's API with the bot token of one application."""

    def __init__(
        self, api_url: str, bot_token: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._http = httpx.Client(
            base_url=api_url,
            # As bytes: a token that is none, such as dots copied from the portal, is Discord's to
            # refuse, and no error of encoding.
            headers={
                b"Authorization": f"Bot {bot_token}".encode(),
                b"User-Agent": USER_AGENT.encode(),
            },
            timeout=_TIMEOUT_SECONDS,
            transport=transport,
        )

    def application(self) -> Application:
        """The application that the token belongs to.

        Raises:
            RegistrationError: the token is not one of an application.
        """
        return _application(self._call("GET", "/applications/@me"))

    def guilds(self) -> dict[str, str]:
        """The names of the guilds that the bot is in, at most 200, by their ids.

        https://docs.discord.com/developers/resources/user#get-current-user-guilds

        Raises:
            RegistrationError: Discord refused.
        """
        found = self._call("GET", "/users/@me/guilds")
        try:
            return {str(guild["id"]): str(guild["name"]) for guild in found}
        except (KeyError, TypeError):
            raise RegistrationError("Discord's answer describes no guilds") from None

    def put_commands(self, application_id: str, guild_id: str | None = None) -> dict[str, str]:
        """Replace all commands, in one guild or everywhere; return slash commands' ids by name.

        Raises:
            RegistrationError: Discord refused one.
        """
        kept = self._call("PUT", _commands_path(application_id, guild_id), registration())
        try:
            slash = [one for one in kept if one["type"] == CommandType.CHAT_INPUT]
            return {str(command["name"]): str(command["id"]) for command in slash}
        except (KeyError, TypeError):
            raise RegistrationError("Discord's answer describes no commands") from None

    def set_endpoint(self, url: str) -> Application:
        """Make Discord send interactions to `url`, which it checks first, up to three times.

        Raises:
            RegistrationError: the endpoint did not answer a PING, or accepted a wrong signature.
        """
        body = {"interactions_endpoint_url": url}
        for _ in range(_ENDPOINT_ATTEMPTS - 1):
            try:
                answer = self._call("PATCH", "/applications/@me", body)
                break
            except RegistrationError as error:
                if error.status != httpx.codes.BAD_REQUEST:
                    raise
                time.sleep(_ENDPOINT_PAUSE_SECONDS)
        else:
            answer = self._call("PATCH", "/applications/@me", body)
        found = _application(answer)
        if found.interactions_endpoint_url != url:
            raise RegistrationError(f"Discord kept {found.interactions_endpoint_url}, not {url}")
        return found

    def disconnect(
        self, application_id: str, own_url: str | None, guild_id: str | None
    ) -> tuple[str, ...]:
        """Remove commands and endpoint, unless the endpoint is another deployment's by now.

        Args:
            application_id: the application.
            own_url: the address of the deployment; None if it has none.
            guild_id: the guild whose commands are removed; None for the commands everywhere.

        Returns:
            A line for each thing that was removed.

        Raises:
            RegistrationError: Discord refused.
        """
        url = self.application().interactions_endpoint_url
        if url and url != own_url:
            return (f"Discord: nothing, the endpoint is {url}, another deployment's",)
        self._call("PUT", _commands_path(application_id, guild_id), [])
        if not url:
            return ("Discord: the commands",)
        self._call("PATCH", "/applications/@me", {"interactions_endpoint_url": ""})
        return ("Discord: the commands", f"Discord: the endpoint {url}")

    def _call(self, method: str, path: str, body: object | None = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise RegistrationError(
                f"Discord was not reached: {type(error).__name__} ({method} {path})"
            ) from error
        if answer.is_error:
            raise RegistrationError(
                f"Discord refused {method} {path}: {answer.status_code} {answer.text[:2000]}",
                answer.status_code,
            )
        try:
            return answer.json()
        except ValueError:
            raise RegistrationError(f"Discord's answer to {method} {path} is not JSON") from None


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
        raise RegistrationError("Discord's answer describes no application") from None


def registration() -> list[dict[str, Any]]:
    """All commands, as the body of Discord's bulk overwrite.

    https://docs.discord.com/developers/interactions/application-commands#bulk-overwrite-global-application-commands
    """
    return [_command(command) for command in COMMANDS]


def _command(command: Command) -> dict[str, Any]:
    """A command, installed for users and guilds unless it is for guilds alone."""
    guilds_only = command.contexts == (Context.GUILD,)
    written: dict[str, Any] = {
        "type": int(command.type),
        "contexts": [int(context) for context in command.contexts],
        "integration_types": [0] if guilds_only else [0, 1],
    }
    if command.permissions is not None:
        written["default_member_permissions"] = str(command.permissions)
    if command.type is CommandType.MESSAGE:
        return written | _name(command.key) | {"name": command.name}
    options = [_subcommand(command.key, subcommand) for subcommand in command.subcommands]
    options += [_option(command.key, option) for option in command.options]
    return written | _name_and_description(command.key) | {"name": command.name, "options": options}


def _subcommand(parent: str, subcommand: SubCommand) -> dict[str, Any]:
    path = f"{parent}.{subcommand.name}"
    return {
        "type": int(OptionType.SUB_COMMAND),
        **_name_and_description(path),
        "options": [_option(path, option) for option in subcommand.options],
    }


def _option(parent: str, option: Option) -> dict[str, Any]:
    path = f"{parent}.{option.name}"
    kind = "length" if option.type is OptionType.STRING else "value"
    written = {
        "type": int(option.type),
        "required": option.required,
        **_name_and_description(path),
    }
    if option.minimum is not None:
        written[f"min_{kind}"] = option.minimum
    if option.maximum is not None:
        written[f"max_{kind}"] = option.maximum
    if option.choices:
        written["choices"] = [_choice(path, choice) for choice in option.choices]
    if option.autocomplete:
        written["autocomplete"] = True
    if option.file_types:
        written["file_types"] = list(option.file_types)
    return written


def _choice(path: str, choice: Choice) -> dict[str, Any]:
    if choice.label is not None:
        return {"name": choice.label, "value": choice.value}
    return _name(f"{path}={choice.value}") | {"value": choice.value}


def _name_and_description(path: str) -> dict[str, Any]:
    """Both in all languages; `name`, which Discord sends back, is the last part of the path."""
    names = _name(path) | {"name": path.rpartition(".")[2]}
    return names | _localized("description", path, 1)


def _name(path: str) -> dict[str, Any]:
    return _localized("name", path, 0)


def _localized(field: str, path: str, index: int) -> dict[str, Any]:
    """A field in English, and in every other language by Discord's locale."""
    try:
        texts = {language: command_text(language, path, index) for language in LANGUAGES}
    except MissingTextError as error:
        raise RegistrationError(f"{error}. `make lint` lists all texts that lack.") from error
    return {field: texts.pop("en"), f"{field}_localizations": texts}
