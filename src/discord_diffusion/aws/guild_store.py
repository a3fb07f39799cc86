"""The table's items of guilds and users: settings, units used, channels, and audit records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from discord_diffusion.access.guild_changes import (
    GuildChange,
    from_json,
    recent,
    to_json,
    with_change,
)
from discord_diffusion.access.guild_channels import GuildChannel, KnownChannel
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Usage
from discord_diffusion.aws import ledger
from discord_diffusion.aws.dynamodb import Arguments, Table, from_item, transact
from discord_diffusion.aws.errors import ConditionFailedError, Item, TransactionRefusedError

CONFLICT_RETRY_SECONDS = 0.8
"""How long a conflict of two managers is retried, while Discord waits for the answer."""


@dataclass(frozen=True)
class ManagedGuild:
    """The settings of a guild with their version, and what its managers did last.

    `done` is the audit record of the interaction, if an earlier delivery of it was carried out.
    """

    id: str
    settings: GuildSettings = field(default_factory=GuildSettings)
    version: int = 0
    changes: tuple[GuildChange, ...] = ()
    changes_version: int = 0
    done: Mapping[str, Any] | None = None

    @property
    def saved_before(self) -> GuildSettings | None:
        """The settings that an earlier delivery of the interaction saved."""
        saved = self.done.get("settings") if self.done else None
        return GuildSettings.from_json(saved) if saved else None


@dataclass(frozen=True)
class GuildDay:
    """What was counted in a guild on a day (UTC); `used` are hundredths of a unit."""

    moment: datetime
    requests: int
    pictures: int
    used: int
    refused: int
    held_back: int


class GuildStore:
    """Those items. Each method raises `StoreError` if DynamoDB refuses or does not answer."""

    def __init__(
        self, table: Table, *, audit_days: int, retry_seconds: float = CONFLICT_RETRY_SECONDS
    ) -> None:
        self._table = table
        self._kept = timedelta(days=audit_days)
        self._retry_seconds = retry_seconds

    def settings(self, guild_id: str) -> tuple[GuildSettings, int]:
        """The settings of a guild and their version; the defaults and 0 if it has saved none."""
        return _settings_of(self._table.get_item(_key(guild_id)))

    def managed(self, guild_id: str, event_id: str) -> ManagedGuild:
        """A guild as its managers see it, and what an earlier delivery of an event has done."""
        keys = _key(guild_id), _changes_key(guild_id), ledger.audit_key(guild_id, event_id)
        items = self._table.batch_get_item(keys, consistent=True)
        found, changes, audited = (items.get(key) for key in keys)
        settings, version = _settings_of(found)
        done = from_item(audited) if audited else None
        listed: dict[str, Any] = from_item(changes) if changes else {"changes": "[]", "version": 0}
        kept = recent(from_json(listed["changes"]), datetime.now(UTC).timestamp(), self._kept)
        return ManagedGuild(guild_id, settings, version, kept, int(listed["version"]), done)

    def change(
        self,
        guild: ManagedGuild,
        change: GuildChange,
        settings: GuildSettings | None = None,
        **details: str | int | None,
    ) -> bool:
        """Note what a manager did, and save the settings with it, if there are new ones.

        False, and nothing is written, if somebody else was faster, or another delivery of the same
        interaction. `details` are kept in the audit record.
        """
        now = datetime.now(UTC)
        changes = with_change(guild.changes, change, self._kept)
        item = ledger.audit_item(
            change.event_id, change.user_id, guild.id, f"settings.{change.action}", now,
            self._kept.days, settings=settings.to_json() if settings else None, **details,
        )  # fmt: skip
        listed = {
            "id": _changes_key(guild.id),
            "changes": to_json(changes),
            "version": guild.changes_version + 1,
            "ttl": int((now + self._kept).timestamp()),
        }
        puts = [
            self._table.put(item, condition="attribute_not_exists(id)"),
            self._versioned(listed, guild.changes_version),
        ]
        if settings:
            saved = {"id": _key(guild.id), "settings": settings.to_json()}
            puts.append(self._versioned(saved | {"version": guild.version + 1}, guild.version))
        try:
            transact(self._table, [{"Put": put} for put in puts], self._retry_seconds)
        except TransactionRefusedError:
            return False
        return True

    def _versioned(self, item: dict[str, Any], version: int) -> Arguments:
        """The write of an item whose version must still be this one; 0 if there is none."""
        return self._table.put(
            item,
            condition="version = :known OR (:known = :none AND attribute_not_exists(id))",
            values={":known": version, ":none": 0},
        )

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
        channel = _known_channel(channel_id, items, now) if channel_id else None
        return settings, usage, channel

    def reset_usage(
        self, user_id: str, guild_id: str, now: datetime, *, seen: int, kept: int
    ) -> bool:
        """Set the units that a user has used in a guild today; False if they are not `seen` now."""
        update = ledger.usage_reset(self._table, user_id, guild_id, now, seen=seen, kept=kept)
        try:
            self._table.update_item(update)
        except ConditionFailedError:
            return False
        return True

    def note_refusal(self, guild_id: str, now: datetime) -> None:
        """Count a request that was refused for its words."""
        self._table.update_item(ledger.one_refused(self._table, guild_id, now))

    def days(self, guild_id: str, now: datetime) -> list[GuildDay]:
        """What was counted on each of the last days, the newest first; others are left out."""
        moments = [now - timedelta(days=number) for number in range(ledger.SUMMARY_DAYS)]
        keys = {ledger.guild_day(guild_id, moment): moment for moment in moments}
        items = self._table.batch_get_item(keys, consistent=False)
        return [_day(moment, items[key]) for key, moment in keys.items() if key in items]

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
        now, days = datetime.now(UTC), self._kept.days
        item = ledger.audit_item(event_id, user_id, guild_id, action, now, days, **details)
        self._table.put_item(self._table.put(item))


def _day(moment: datetime, item: Item) -> GuildDay:
    found = from_item(item)
    names = ("requests", "pictures", "used", "refused", "held_back")
    requests, pictures, used, refused, held_back = (int(found.get(name, 0)) for name in names)
    return GuildDay(moment, requests, pictures, max(0, used), refused, held_back)


def _key(guild_id: str) -> str:
    return f"guild#{guild_id}"


def _changes_key(guild_id: str) -> str:
    return f"guild#{guild_id}#changes"


def _channel_key(channel_id: str) -> str:
    return f"channel#{channel_id}"


def _known_channel(
    channel_id: str, items: Mapping[str, Item], now: datetime
) -> KnownChannel | None:
    """DynamoDB deletes items only a while after their time to live."""
    key = _channel_key(channel_id)
    if key not in items:
        return None
    found = from_item(items[key])
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
