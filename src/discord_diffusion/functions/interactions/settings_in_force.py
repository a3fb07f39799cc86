"""The values that apply in a guild: its own, or the deployment's where it has none. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Limits, fewest_units
from discord_diffusion.functions.interactions.parameters import ParameterBuilder
from discord_diffusion.jobs.models import ModelSpec
from discord_diffusion.jobs.options import GUILD_DEFAULTS


@dataclass(frozen=True)
class Value:
    """A value that applies; None is no limit, or the model that the deployment calls its default.

    `is_deployed` says whether it is the deployment's: the guild has set none, or a looser limit.
    """

    of: int | float | str | None
    is_deployed: bool


@dataclass(frozen=True)
class InForce:
    """What applies in a guild to members without priority."""

    values: Mapping[str, Value]
    """By the field of `GuildSettings`: the limits and the defaults."""
    max_pixels: int
    """Most pixels of a picture of the guild's default model."""
    unit: Mapping[str, int]
    """The `width`, `height` and `steps` of the picture that costs a unit."""


def in_force(guild: GuildSettings, deployment: Limits, builder: ParameterBuilder) -> InForce:
    """What applies in a guild with these settings."""
    settings = builder.settings
    # A model that was taken out of the deployment is still among the settings.
    model = settings.models.get(guild.model or "", ModelSpec(""))
    limits = guild.limits(deployment, ())
    side, max_pixels = builder.largest(model, guild)
    size = f"{settings.default_width}×{settings.default_height}"
    deployed = {**builder.deployed_defaults(model), "size": size, "model": None}
    applying: dict[str, int | float | str | None] = {
        "user_units": fewest_units(limits.user_units, limits.member_units) or None,
        "guild_units": fewest_units(limits.guild_units, limits.deployment_units) or None,
        "cooldown_seconds": limits.cooldown_seconds,
        "in_flight": limits.in_flight,
        "max_side": side,
    }
    for name in GUILD_DEFAULTS:
        chosen = getattr(guild, name)
        applying[name] = deployed[name] if chosen is None else chosen
    own = {name: getattr(guild, name) for name in applying}
    return InForce(
        {name: Value(of, own[name] is None or own[name] != of) for name, of in applying.items()},
        max_pixels,
        {
            "width": settings.default_width,
            "height": settings.default_height,
            "steps": settings.default_steps,
        },
    )
