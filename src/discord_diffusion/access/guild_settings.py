"""What those who run a guild have decided, within what the deployment allows."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields

from discord_diffusion.access.limits import Limits
from discord_diffusion.jobs.refusal import Refusal

CHANNELS_NAMED = 5


@dataclass(frozen=True)
class GuildSettings:
    """Roles and channels are ids; none named means all. `safety` is one of `SAFETY_LEVELS`."""

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

    def to_json(self) -> str:
        """For where they are kept."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "GuildSettings":
        """Read what `to_json` wrote, also what an earlier or a later version did."""
        kept = json.loads(text)
        known = {one.name for one in fields(cls)}
        lists = {name: tuple(value) for name, value in kept.items() if isinstance(value, list)}
        return cls(**{name: value for name, value in (kept | lists).items() if name in known})

    def limits(self, deployment: Limits, member_roles: Collection[str]) -> Limits:
        """What holds for a member with these roles: at most what the deployment allows."""
        own = Limits(
            user_units=self.user_units or 0,
            guild_units=self.guild_units or 0,
            cooldown_seconds=self.cooldown_seconds or 0,
            in_flight=self.in_flight or deployment.in_flight,
        )
        priority = not set(self.priority_roles).isdisjoint(member_roles)
        return (own.with_priority() if priority else own).within(deployment)

    def admit(self, channel_id: str | None, member_roles: Collection[str]) -> None:
        """Return if a member may ask here.

        Raises:
            Refusal: the roles or the channel are not among those allowed.
        """
        if self.roles and set(self.roles).isdisjoint(member_roles):
            raise Refusal("role")
        if self.channels and channel_id not in self.channels:
            named = " ".join(f"<#{one}>" for one in self.channels[:CHANNELS_NAMED])
            raise Refusal("channel", channels=named)

    def safety_check(self, *, age_restricted: bool) -> bool:
        """Whether the safety checker is obeyed in a channel."""
        return not (age_restricted and self.safety == "channel")


def toggled(known: tuple[str, ...], one: str, present: bool) -> tuple[str, ...]:
    """`known` with or without `one`, in the order in which they came."""
    others = tuple(each for each in known if each != one)
    return (*others, one) if present else others
