"""The registered application commands, global and of guilds.

Contract: https://docs.discord.com/developers/interactions/application-commands
"""

import json
from dataclasses import dataclass, field

from discord_stand_in import errors
from discord_stand_in.clock import Clock
from discord_stand_in.errors import DiscordError
from discord_stand_in.json_types import Json

_DAY_SECONDS = 24 * 3600.0
_MAX_BY_TYPE = {1: 100, 2: 15, 3: 15}
"""How many commands of each type an application can have in a scope."""

Scope = str | None
"""A guild's id, or None for global commands."""


@dataclass
class CommandStore:
    """Commands by scope, in the order in which they were registered."""

    clock: Clock
    max_daily_creates: int
    _scopes: dict[Scope, dict[str, Json]] = field(default_factory=dict)
    _create_times: dict[Scope, list[float]] = field(default_factory=dict)

    def all(self, scope: Scope) -> list[Json]:
        """The commands of a scope."""
        return list(self._scopes.get(scope, {}).values())

    def get(self, scope: Scope, command_id: str) -> Json:
        """A command by its id; raises UNKNOWN_COMMAND (10063)."""
        command = self._scopes.get(scope, {}).get(command_id)
        if command is None:
            raise DiscordError(errors.UNKNOWN_COMMAND)
        return command

    def find_by_name(self, scope: Scope, name: str, command_type: int) -> Json | None:
        """A command of a scope by its name and type."""
        same_name = (command for command in self.all(scope) if command["name"] == name)
        return next((command for command in same_name if command["type"] == command_type), None)

    def find_usable(self, guild_id: str | None, name: str, command_type: int) -> Json | None:
        """The command that a name runs: the guild's before the global one."""
        own = self.find_by_name(guild_id, name, command_type)
        return own or self.find_by_name(None, name, command_type)

    def put(self, scope: Scope, command: Json) -> None:
        """Keep a command under its id; raises what `replace_all` raises."""
        commands = self._scopes.get(scope, {}) | {command["id"]: command}
        self.replace_all(scope, list(commands.values()))

    def replace_all(self, scope: Scope, commands: list[Json]) -> None:
        """Keep these commands and no others; those with new ids count as created.

        Raises error 30032 or TOO_MANY_COMMAND_CREATES (30034); nothing then changes.
        """
        for command_type, most in _MAX_BY_TYPE.items():
            if sum(command["type"] == command_type for command in commands) > most:
                raise DiscordError(errors.too_many_commands(most))
        before = self._scopes.get(scope, {})
        self._count_creates(scope, sum(command["id"] not in before for command in commands))
        self._scopes[scope] = {command["id"]: command for command in commands}

    def delete(self, scope: Scope, command_id: str) -> None:
        """Delete a registered command."""
        del self._scopes[scope][command_id]

    def _count_creates(self, scope: Scope, number: int) -> None:
        now = self.clock.now()
        recent = [at for at in self._create_times.get(scope, []) if at > now - _DAY_SECONDS]
        if len(recent) + number > self.max_daily_creates:
            wait = recent[0] + _DAY_SECONDS - now if recent else _DAY_SECONDS
            extra = {"retry_after": round(wait, 3), "global": False}
            raise DiscordError(errors.TOO_MANY_COMMAND_CREATES, extra)
        self._create_times[scope] = recent + [now] * number

    def as_json(self) -> Json:
        """The commands of all scopes, for the pages."""
        guilds = {scope: self.all(scope) for scope in self._scopes if scope is not None}
        return {"global": self.all(None), "guilds": guilds}


def is_same_definition(first: Json, second: Json) -> bool:
    """Whether two commands differ at most in the fields that Discord fills in."""

    def definition(command: Json) -> str:
        return json.dumps(command | {"id": None, "version": None}, sort_keys=True)

    return definition(first) == definition(second)
