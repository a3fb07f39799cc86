"""The table's items of guilds and users: settings, units used, channels, and audit records."""

from datetime import UTC, datetime
from typing import Any

from discord_diffusion.access.guild_channels import GuildChannel, KnownChannel
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Usage
from discord_diffusion.aws import ledger
from discord_diffusion.aws.dynamodb import Table, from_item
from discord_diffusion.aws.errors import Item


class GuildStore:
    """Those items. Each method raises `StoreError` if DynamoDB refuses or does not answer."""

    def __init__(self, table: Table, *, audit_days: int) -> None:
        self._table = table
        self._audit_days = audit_days

    def settings(self, guild_id: str) -> tuple[GuildSettings, int]:
        """The settings of a guild and their version; the defaults and 0 if it has saved none."""
        return _settings_of(self._table.get_item(_key(guild_id)))

    def save(self, guild_id: str, settings: GuildSettings, version: int) -> bool:
        """Replace the settings if their version is still this one; False if it is not."""
        put = self._table.put(
            {"id": _key(guild_id), "settings": settings.to_json(), "version": version + 1},
            condition="version = :known OR (:known = :none AND attribute_not_exists(id))",
            values={":known": version, ":none": 0},
        )
        return self._table.put_item(put)

    def settings_and_usage(
        self, user_id: str, guild_id: str | None, now: datetime, channel_id: str | None = None
    ) -> tuple[GuildSettings, Usage, KnownChannel | None]:
        """The settings of a guild, what was used today, and what is known of a channel: one read.

        Outside a guild the settings are those by default.
        """
        keys = [
            *([_key(guild_id)] if guild_id else []),
            *([_channel_key(channel_id)] if channel_id else []),
            *ledger.usage_keys(user_id, guild_id, now),
        ]
        items = self._table.batch_get_item(keys, consistent=True)
        usage = ledger.usage(items, user_id, guild_id, now)
        settings, _version = _settings_of(items.get(_key(guild_id)) if guild_id else None)
        found = items.get(_channel_key(channel_id)) if channel_id else None
        return settings, usage, _known_channel(channel_id or "", found, now)

    def note_channel(self, channel: GuildChannel, until: datetime | None) -> None:
        """Note what an interaction said of a channel; `until` None keeps it until it is renewed."""
        item: dict[str, Any] = {
            "id": _channel_key(channel.id),
            "age_restricted": channel.age_restricted,
            "category_id": channel.category_id,
            "is_category": channel.is_category,
        }
        if until:
            item["ttl"] = int(until.timestamp())
        self._table.put_item(self._table.put(item))

    def audit(
        self,
        event_id: str,
        user_id: str,
        guild_id: str | None,
        action: str,
        **details: str | int | None,
    ) -> None:
        """Record who did what, and when; `details` must not hold a token."""
        now, days = datetime.now(UTC), self._audit_days
        item = ledger.audit_item(event_id, user_id, guild_id, action, now, days, **details)
        self._table.put_item(self._table.put(item))


def _key(guild_id: str) -> str:
    return f"guild#{guild_id}"


def _channel_key(channel_id: str) -> str:
    return f"channel#{channel_id}"


def _known_channel(channel_id: str, item: Item | None, now: datetime) -> KnownChannel | None:
    """DynamoDB deletes items only a while after their time to live."""
    if not item:
        return None
    found = from_item(item)
    until = datetime.fromtimestamp(float(found["ttl"]), UTC) if "ttl" in found else None
    if until and until <= now:
        return None
    channel = GuildChannel(
        channel_id,
        age_restricted=found["age_restricted"],
        category_id=found.get("category_id"),
        is_category=found["is_category"],
    )
    return KnownChannel(channel, until)


def _settings_of(item: Item | None) -> tuple[GuildSettings, int]:
    if not item:
        return GuildSettings(), 0
    return GuildSettings.from_json(item["settings"]["S"]), int(item["version"]["N"])
