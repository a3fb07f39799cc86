"""SKUs, and who is entitled to them.

Shapes: https://docs.discord.com/developers/resources/sku and .../resources/entitlement
"""

from dataclasses import dataclass, field, replace
from enum import IntEnum

from discord_stand_in.clock import Clock, iso
from discord_stand_in.errors import UNKNOWN_ENTITLEMENT, UNKNOWN_SKU, DiscordError
from discord_stand_in.json_types import Json


class SkuType(IntEnum):
    """What is sold."""

    DURABLE = 2
    CONSUMABLE = 3
    SUBSCRIPTION = 5


_FLAGS = {True: 1 << 2 | 1 << 7, False: 1 << 2 | 1 << 8}
"""Available; bought for a server, or by a user for themselves."""

PURCHASE, TEST_MODE_PURCHASE, APPLICATION_SUBSCRIPTION = 1, 4, 8
"""Types of entitlements: https://docs.discord.com/developers/resources/entitlement"""


@dataclass(frozen=True)
class Sku:
    """Something that the application sells."""

    id: str
    name: str
    type: SkuType
    for_guild: bool
    """Whether it is bought for a server, and not by a user for themselves."""

    def as_json(self, application_id: str) -> Json:
        """The SKU object."""
        return {
            "id": self.id,
            "type": int(self.type),
            "application_id": application_id,
            "name": self.name,
            "slug": self.name.lower().replace(" ", "-"),
            "flags": _FLAGS[self.for_guild] if self.type == SkuType.SUBSCRIPTION else 1 << 2,
            "dependent_sku_id": None,
            "access_type": 1,
            "features": [],
            "release_date": None,
            "premium": False,
            "show_age_gate": False,
        }


@dataclass(frozen=True)
class Entitlement:
    """A user's or a guild's right to an SKU; times are in Unix seconds."""

    id: str
    sku_id: str
    type: int
    user_id: str | None = None
    guild_id: str | None = None
    starts_at: float | None = None
    ends_at: float | None = None
    """None: it has no end."""
    consumed: bool = False
    deleted: bool = False

    def has_ended(self, now: float) -> bool:
        """Whether it is over at a time."""
        return self.ends_at is not None and self.ends_at <= now

    def as_json(self, application_id: str) -> Json:
        """The entitlement object; one for tests has no times."""
        body: Json = {
            "id": self.id,
            "sku_id": self.sku_id,
            "application_id": application_id,
            "type": self.type,
            "deleted": self.deleted,
            "consumed": self.consumed,
            "promotion_id": None,
            "gift_code_flags": 0,
        }
        if self.type != TEST_MODE_PURCHASE:
            times = {"starts_at": self.starts_at, "ends_at": self.ends_at}
            body |= {name: None if at is None else iso(at) for name, at in times.items()}
        owners = {"user_id": self.user_id, "guild_id": self.guild_id}
        return body | {name: owner for name, owner in owners.items() if owner is not None}


@dataclass
class EntitlementStore:
    """SKUs and entitlements by id, in the order in which they were made."""

    clock: Clock
    skus: dict[str, Sku] = field(default_factory=dict)
    _entitlements: dict[str, Entitlement] = field(default_factory=dict)

    def sku(self, sku_id: str) -> Sku:
        """An SKU; raises UNKNOWN_SKU (10027)."""
        if sku_id not in self.skus:
            raise DiscordError(UNKNOWN_SKU)
        return self.skus[sku_id]

    def put(self, entitlement: Entitlement) -> Entitlement:
        """Keep an entitlement as it is now."""
        self._entitlements[entitlement.id] = entitlement
        return entitlement

    def get(self, entitlement_id: str) -> Entitlement:
        """An entitlement, deleted or not; raises UNKNOWN_ENTITLEMENT (10029)."""
        if entitlement_id not in self._entitlements:
            raise DiscordError(UNKNOWN_ENTITLEMENT)
        return self._entitlements[entitlement_id]

    def all(self) -> list[Entitlement]:
        """Every entitlement, oldest first."""
        return list(self._entitlements.values())

    def active(self, user_id: str, guild_id: str | None) -> list[Entitlement]:
        """What a user may use in a guild, or outside one."""
        now = self.clock.now()
        return [
            one
            for one in self._entitlements.values()
            if not (one.deleted or one.consumed or one.has_ended(now))
            and (one.user_id == user_id or (guild_id is not None and one.guild_id == guild_id))
        ]

    def change(self, entitlement: Entitlement, **changes: bool | float) -> Entitlement:
        """Keep an entitlement with changes."""
        return self.put(replace(entitlement, **changes))  # type: ignore[arg-type]
