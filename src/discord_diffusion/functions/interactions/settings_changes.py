"""What each sub-command of `/settings` changes. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from discord_diffusion.access import blocklist
from discord_diffusion.access.blocklist import with_pattern
from discord_diffusion.access.guild_settings import BLOCKED_USERS, GuildSettings, toggled
from discord_diffusion.jobs.options import GUILD_DEFAULTS, STYLE_NAME
from discord_diffusion.jobs.parameters import Style
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.jobs.styles import GUILD_STYLES, with_style, without_style
from discord_diffusion.texts.formatting import clean

Options = Mapping[str, Any]
Change = Callable[[GuildSettings, Options], GuildSettings]
"""May raise `Refusal`: nothing is changed."""
LIMITS = {
    "user_units": "user_units",
    "server_units": "guild_units",
    "cooldown": "cooldown_seconds",
    "jobs": "in_flight",
    "max_side": "max_side",
}
"""The options of `/settings limits`, and the fields of the settings that they change."""
SHOWN_FIELDS = {
    "access.role": "roles",
    "access.channel": "channels",
    "priority": "priority_roles",
    **{f"limits.{option}": name for option, name in LIMITS.items()},
    **{f"defaults.{name}": name for name in GUILD_DEFAULTS},
    "safety.level": "safety",
    "safety.spoiler": "spoiler",
}
"""The fields that forms change, by the path of the option that changes them too."""


def changed_fields(before: GuildSettings, after: GuildSettings) -> dict[str, object]:
    """The new values by path; of a list, how long it is now."""
    found = {path: getattr(after, name) for path, name in SHOWN_FIELDS.items()
             if getattr(after, name) != getattr(before, name)}  # fmt: skip
    return {
        path: len(value) if isinstance(value, tuple) else "—" if value is None else value
        for path, value in found.items()
    }


def _access(settings: GuildSettings, options: Options) -> GuildSettings:
    if not options["role"] and not options["channel"]:
        raise Refusal("nothing_to_change")
    if options["role"]:
        roles = toggled(settings.roles, options["role"], options["allow"])
        settings = replace(settings, roles=roles)
    if options["channel"]:
        channels = toggled(settings.channels, options["channel"], options["allow"])
        settings = replace(settings, channels=channels)
    return settings


def _priority(settings: GuildSettings, options: Options) -> GuildSettings:
    roles = toggled(settings.priority_roles, options["role"], options["allow"])
    return replace(settings, priority_roles=roles)


def _user(settings: GuildSettings, options: Options) -> GuildSettings:
    """Block a user, or allow one again."""
    blocked = toggled(settings.blocked_users, options["user"], not options["allow"])
    if len(blocked) > BLOCKED_USERS:
        raise Refusal("users_full", most=BLOCKED_USERS)
    return replace(settings, blocked_users=blocked)


def _values(names: Mapping[str, str]) -> Change:
    """A `Change` that sets the fields whose options are given; `names` maps options to fields."""

    def change(settings: GuildSettings, options: Options) -> GuildSettings:
        values = {names[name]: value for name, value in options.items() if value is not None}
        if not values:
            raise Refusal("nothing_to_change")
        return replace(settings, **values)

    return change


def _block(settings: GuildSettings, options: Options) -> GuildSettings:
    return replace(settings, blocklist=with_pattern(settings.blocklist, options["pattern"]))


def _unblock(settings: GuildSettings, options: Options) -> GuildSettings:
    if options["pattern"] not in settings.blocklist:
        raise Refusal("pattern_unknown")
    return replace(settings, blocklist=toggled(settings.blocklist, options["pattern"], False))


def _add_style(settings: GuildSettings, options: Options) -> GuildSettings:
    """Add a style, or replace it. What it says must be allowed by itself, too."""
    name = options["name"].strip().lower()
    if not STYLE_NAME.fullmatch(name):
        raise Refusal("style_name")
    style = Style(
        name,
        clean(options["prompt"] or ""),
        clean(options["negative_prompt"] or ""),
        steps=options["steps"],
        guidance=options["guidance"],
        scheduler=options["scheduler"],
    )
    if style == Style(name):
        raise Refusal("nothing_to_change")
    blocklist.check((style.prompt, style.negative_prompt), settings.blocklist)
    styles = with_style(settings.styles, style)
    if len(styles) > GUILD_STYLES:
        raise Refusal("styles_full", most=GUILD_STYLES)
    return replace(settings, styles=styles)


def _remove_style(settings: GuildSettings, options: Options) -> GuildSettings:
    left = without_style(settings.styles, options["name"].strip().lower())
    if left == settings.styles:
        raise Refusal("style_unknown")
    return replace(settings, styles=left)


def _revoke(settings: GuildSettings, options: Options) -> GuildSettings:
    """Take a role or a channel back that may no longer exist; a mention or an id is understood."""
    entry = options["entry"].strip("<@&#> ")
    by_name = {name: one for one, name in settings.names.items()}
    entry = by_name.get(entry, entry)
    if entry not in settings.named_ids:
        raise Refusal("entry_unknown")
    return settings.without(entry)


def _safety(settings: GuildSettings, options: Options) -> GuildSettings:
    names = {"level": "safety", "spoiler": "spoiler"}
    given = {name: options[name] for name in names}
    # A channel alone changes no setting: its age restriction is noted.
    if options["channel"] and not any(value is not None for value in given.values()):
        return settings
    return _values(names)(settings, given)


CHANGES: Mapping[str, Change] = {
    "access": _access,
    "priority": _priority,
    "revoke": _revoke,
    "user": _user,
    "limits": _values(LIMITS),
    "defaults": _values({name: name for name in GUILD_DEFAULTS}),
    "safety": _safety,
    "block": _block,
    "unblock": _unblock,
    "add_style": _add_style,
    "remove_style": _remove_style,
    "reset": lambda _settings, _options: GuildSettings(),
}
