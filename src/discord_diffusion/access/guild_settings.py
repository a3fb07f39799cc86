"""The settings of a guild, which its managers choose within the deployment's limits. Pure."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace

from discord_diffusion.access.limits import Limits
from discord_diffusion.jobs.parameters import Style
from discord_diffusion.jobs.refusal import Refusal

BLOCKED_USERS = 200
"""Most users that a guild blocks: their ids are read with each request."""
CHANNELS_NAMED = 5
"""Most channels that a refusal lists."""


@dataclass(frozen=True)
class GuildSettings:
    """Roles and channels are ids, none means all.

    `safety` is one of `discord.commands.SAFETY_LEVELS`. `names` are those that the roles and
    channels had when they were named, by id: one that is deleted has no other.
    """

    roles: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    priority_roles: tuple[str, ...] = ()
    user_units: int | None = None
    guild_units: int | None = None
    cooldown_seconds: int | None = None
    in_flight: int | None = None
    max_side: int | None = None
    images: int | None = None
    steps: int | None = None
    guidance: float | None = None
    size: str | None = None
    model: str | None = None
    safety: str = "strict"
    spoiler: bool = False
    blocklist: tuple[str, ...] = ()
    blocked_users: tuple[str, ...] = ()
    styles: tuple[Style, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The settings as the table keeps them."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "GuildSettings":
        """Read what `to_json` wrote, in this version or another; unknown fields are ignored."""
        kept = json.loads(text)
        known = {one.name for one in fields(cls)}
        lists = {name: tuple(value) for name, value in kept.items() if isinstance(value, list)}
        lists["styles"] = tuple(Style(**style) for style in kept.get("styles", ()))
        return cls(**{name: value for name, value in (kept | lists).items() if name in known})

    def limits(self, deployment: Limits, member_roles: Collection[str]) -> Limits:
        """The limits of a member with these roles: the guild's, within the deployment's."""
        own = Limits(
            member_units=self.user_units or 0,
            guild_units=self.guild_units or 0,
            cooldown_seconds=self.cooldown_seconds or 0,
            in_flight=self.in_flight or deployment.in_flight,
        )
        priority = not set(self.priority_roles).isdisjoint(member_roles)
        return (own.with_priority() if priority else own).within(deployment)

    @property
    def named_ids(self) -> tuple[str, ...]:
        """Every role and channel of the settings, each once."""
        return tuple(dict.fromkeys((*self.roles, *self.channels, *self.priority_roles)))

    def with_names(self, names: Mapping[str, str]) -> "GuildSettings":
        """The settings with these names too, without those of what is no longer named."""
        known = {**self.names, **names}
        return replace(self, names={one: known[one] for one in self.named_ids if one in known})

    def without(self, removed: str) -> "GuildSettings":
        """The settings without a role or a channel, whether or not it still exists."""
        return replace(
            self,
            roles=_without(self.roles, removed),
            channels=_without(self.channels, removed),
            priority_roles=_without(self.priority_roles, removed),
        ).with_names({})

    def admit(self, places: Collection[str], member_roles: Collection[str], user_id: str) -> None:
        """Return if a member may ask for pictures in a channel, given with what it is part of.

        A channel that is allowed allows its threads and posts, a category its channels.

        Raises:
            Refusal: the user is blocked, or the roles or the channel are not among those allowed.
        """
        if user_id in self.blocked_users:
            raise Refusal("user_blocked")
        if self.roles and set(self.roles).isdisjoint(member_roles):
            raise Refusal("role")
        if self.channels and set(self.channels).isdisjoint(places):
            named = " ".join(f"<#{channel}>" for channel in self.channels[:CHANNELS_NAMED])
            raise Refusal("channel", channels=named)

    def safety_check(self, *, age_restricted: bool) -> bool:
        """Whether pictures that the safety checker flags are held back in a channel."""
        return not (age_restricted and self.safety == "channel")


def toggled(ids: tuple[str, ...], changed: str, present: bool) -> tuple[str, ...]:
    """`ids` with or without the changed one, in the order in which they were added."""
    others = _without(ids, changed)
    return (*others, changed) if present else others


def _without(ids: tuple[str, ...], removed: str) -> tuple[str, ...]:
    return tuple(known for known in ids if known != removed)
