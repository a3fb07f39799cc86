"""Registered application commands, global and of guilds.

Contract: https://docs.discord.com/developers/interactions/application-commands
"""

import json
from dataclasses import dataclass, field

from emulation.discord.clock import Clock
from emulation.discord.errors import (
    DAILY_CREATES,
    TOO_MANY_COMMANDS,
    UNKNOWN_COMMAND,
    DiscordError,
)
from emulation.discord.json_types import Json

_DAY = 24 * 3600.0
_COUNTS = {1: 100, 2: 5, 3: 5}
"""How many commands of each type an application can have in a scope."""

Scope = str | None
"""A guild's id, or None for commands that are global."""


@dataclass
class CommandStore:
    """Commands by scope, in the order in which they were registered."""

    clock: Clock
    daily_creates: int
    _scopes: dict[Scope, dict[str, Json]] = field(default_factory=dict)
    _created: dict[Scope, list[float]] = field(default_factory=dict)

    def all(self, scope: Scope) -> list[Json]:
        """The commands of a scope."""
        return list(self._scopes.get(scope, {}).values())

    def get(self, scope: Scope, command_id: str) -> Json:
        """One command, or 10063."""
        command = self._scopes.get(scope, {}).get(command_id)
        if command is None:
            raise DiscordError(UNKNOWN_COMMAND)
        return command

    def named(self, scope: Scope, name: str, kind: int) -> Json | None:
        """A command of a scope by name and type."""
        for command in self.all(scope):
            if command["name"] == name and command["type"] == kind:
                return command
        return None

    def usable(self, guild_id: str | None, name: str, kind: int) -> Json | None:
        """What a user would run by that name: the guild's command before the global one."""
        if guild_id is not None:
            found = self.named(guild_id, name, kind)
            if found is not None:
                return found
        return self.named(None, name, kind)

    def put(self, scope: Scope, command: Json) -> None:
        """Keep a command under its id; 30032 if there would be too many of its type."""
        others = [one for one in self.all(scope) if one["id"] != command["id"]]
        check_count([*others, command])
        self._scopes.setdefault(scope, {})[command["id"]] = command

    def replace(self, scope: Scope, commands: list[Json]) -> None:
        """Bulk overwrite."""
        check_count(commands)
        self._scopes[scope] = {command["id"]: command for command in commands}

    def remove(self, scope: Scope, command_id: str) -> None:
        """Delete a command, or 10063."""
        self.get(scope, command_id)
        del self._scopes[scope][command_id]

    def count_creates(self, scope: Scope, number: int) -> None:
        """Count new commands against the day's allowance, or 30034 with none counted."""
        now = self.clock.now()
        recent = [at for at in self._created.get(scope, []) if at > now - _DAY]
        if len(recent) + number > self.daily_creates:
            wait = recent[0] + _DAY - now if recent else _DAY
            raise DiscordError(
                DAILY_CREATES, extra={"retry_after": round(wait, 3), "global": False}
            )
        self._created[scope] = recent + [now] * number

    def clear(self) -> None:
        """Forget every command and every count."""
        self._scopes.clear()
        self._created.clear()

    def everything(self) -> Json:
        """All scopes, for pages."""
        guilds = {scope: self.all(scope) for scope in self._scopes if scope is not None}
        return {"global": self.all(None), "guilds": guilds}


def check_count(commands: list[Json]) -> None:
    """30032 if a scope would hold too many commands of one type."""
    for kind, highest in _COUNTS.items():
        if sum(command["type"] == kind for command in commands) > highest:
            raise DiscordError(TOO_MANY_COMMANDS)


def same_definition(one: Json, other: Json) -> bool:
    """Whether two commands differ only in what Discord gives them."""
    given = ("id", "version")

    def definition(command: Json) -> str:
        kept = {key: value for key, value in command.items() if key not in given}
        return json.dumps(kept, sort_keys=True)

    return definition(one) == definition(other)
