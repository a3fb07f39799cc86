"""What the managers of a guild read: its settings, and who changed them."""

from collections.abc import Iterator

from discord_diffusion.access.guild_changes import MOST_CHANGES, GuildChange
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.aws.guild_store import GuildDay
from discord_diffusion.aws.ledger import SUMMARY_DAYS
from discord_diffusion.functions.interactions.settings_changes import LIMITS
from discord_diffusion.functions.interactions.settings_in_force import InForce
from discord_diffusion.jobs.options import GUILD_DEFAULTS
from discord_diffusion.texts.answers import unit_count
from discord_diffusion.texts.catalogue import command_texts, described, language_of, say
from discord_diffusion.texts.formatting import clean, quote

LISTED = 20
"""The most roles, channels or patterns that are listed."""
VALUE_SHOWN = 60
"""Most UTF-16 units of a value in the list of changes."""
_SHORTEST_ID = 15
_MENTIONS = {"role": "<@&{}>", "channel": "<#{}>", "user": "<@{}>"}
"""How an id is shown, by the last part of the option's path."""


def shown(settings: GuildSettings, applying: InForce, locale: str) -> str:
    """All settings as they apply, each by the name of the option that changes it."""

    def line(path: str, value: object) -> str:
        return f"**{described(locale, f'settings.{path}')[0]}**: {value}"

    values = {name: _value(name, applying, locale) for name in applying.values}
    roles = _listed("<@&{}>", settings.roles) or say(locale, "settings.everybody")
    channels = _listed("<#{}>", settings.channels) or say(locale, "settings.everywhere")
    priority = _listed("<@&{}>", settings.priority_roles) or say(locale, "settings.nobody")
    blocked = ", ".join(f"`{pattern}`" for pattern in settings.blocklist[:LISTED]) or "—"
    level = command_texts(language_of(locale))[f"settings.safety.level={settings.safety}"][0]
    lines = [
        line("access.role", roles),
        line("access.channel", channels),
        line("priority", priority),
        line("user", _listed("<@{}>", settings.blocked_users) or say(locale, "settings.nobody")),
        *(line(f"limits.{option}", values[name]) for option, name in LIMITS.items()),
        *(line(f"defaults.{name}", values[name]) for name in GUILD_DEFAULTS),
        line("safety.level", level),
        line("safety.spoiler", say(locale, f"settings.{'on' if settings.spoiler else 'off'}")),
        line("block", clean(blocked)),
        line("add_style", ", ".join(f"`{style.name}`" for style in settings.styles) or "—"),
        f"-# {say(locale, 'quota.unit', **applying.unit)}",
    ]
    return "\n".join(lines)


def _value(name: str, applying: InForce, locale: str) -> str:
    """A value that applies, marked if it is the deployment's."""
    value = applying.values[name]
    if value.of is None:
        if name == "model":
            return say(locale, "settings.default")
        text = say(locale, "quota.unlimited")
    else:
        text = f"{value.of:g}" if isinstance(value.of, float) else str(value.of)
        if name == "max_side" and int(value.of) ** 2 > applying.max_pixels:
            text = say(locale, "settings.area", side=text, area=applying.max_pixels)
    return say(locale, "settings.deployed", value=text) if value.is_deployed else text


def _listed(form: str, ids: tuple[str, ...]) -> str:
    return " ".join(form.format(snowflake) for snowflake in ids[:LISTED])


def summary_shown(days: list[GuildDay], locale: str) -> str:
    """What was asked for and drawn on each of the last days."""
    if not days:
        return say(locale, "summary.none", days=SUMMARY_DAYS)
    lines = [
        say(
            locale,
            "summary.day",
            day=f"<t:{int(one.moment.timestamp())}:D>",
            requests=one.requests,
            pictures=one.pictures,
            units=unit_count(one.used, locale),
            refused=one.refused,
            held_back=one.held_back,
        )
        for one in days
    ]
    return "\n".join([*lines, f"-# {say(locale, 'summary.days')}"])


def changes_shown(changes: tuple[GuildChange, ...], days: int, locale: str) -> str:
    """Who changed what, and when, the newest first; they are kept for `days`."""
    lines = [_change(one, locale) for one in changes]
    if not lines:
        return say(locale, "audit.none", days=days)
    return "\n".join([*lines, f"-# {say(locale, 'audit.kept', most=MOST_CHANGES, days=days)}"])


def _change(change: GuildChange, locale: str) -> str:
    values = ", ".join(_values_shown(change, locale))
    what = f"**{_name(change.action, locale)}**" + (f": {values}" if values else "")
    return f"<t:{change.at}:f> <@{change.user_id}> {what}"


def _values_shown(change: GuildChange, locale: str) -> Iterator[str]:
    for path, value in change.values.items():
        mention = _MENTIONS.get(path.rpartition(".")[2])
        is_id = value.isdecimal() and len(value) >= _SHORTEST_ID
        shown = mention.format(value) if mention and is_id else quote(value, VALUE_SHOWN)
        yield f"{_name(path, locale)} {shown}"


def _name(path: str, locale: str) -> str:
    """The name that clients show of a sub-command or an option; one that is gone has its own."""
    return command_texts(language_of(locale)).get(f"settings.{path}", [path])[0]
