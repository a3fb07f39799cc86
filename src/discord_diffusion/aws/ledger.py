"""The ledger: what jobs cost, in the jobs table, written together with the job records.

    user#<where>#<user>          `jobs` not finished (a set of ids), `asked_at` of the last request,
                                 `cancelled_at` of the last one that was cancelled
    user#<where>#<user>#<day>    `used` units
    guild#<guild>#<day>          `used` units
    press#<click>                `pressed_at`
    audit#<where>#<job>          who asked for what, and when

`where` is the guild, or `dm`; the day is that of the interaction. All have a time to live.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from discord_diffusion.access.limits import (
    PAUSE_AFTER_CANCEL_SECONDS,
    Limits,
    Usage,
    day_of,
    next_day,
)
from discord_diffusion.aws.dynamodb import Arguments, Table, from_item
from discord_diffusion.aws.errors import Item
from discord_diffusion.jobs.job import TOKEN_LIFETIME, snowflake_time
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_diffusion.jobs.refusal import Refusal

Write = Mapping[str, Any]
"""One write of a transaction, as `dynamodb.transact` takes it."""

KEPT = timedelta(days=2)
"""How long an item is kept after its last change."""
DOUBLE_CLICK_SECONDS = 10
"""Clicks on the same component within this time count as one."""
_EXPIRED_AFTER = TOKEN_LIFETIME + timedelta(minutes=2)
"""A job of this age is not drawn any more, so it is not in flight whatever its item says."""
_USER, _DAY, _GUILD, _CLICK = "user", "day", "guild", "click"


@dataclass(frozen=True)
class Charge:
    """What a new job costs, and the limits that must allow it.

    `click` identifies the user's click on a component that asked for the job, if one did.
    """

    units: int
    limits: Limits
    audit_days: int
    action: str = "imagine"
    click: str | None = None


def charge_writes(
    table: Table, record: JobRecord, charge: Charge, now: datetime
) -> Iterator[tuple[str, Write]]:
    """The writes that go with the record of a new job, each with what it checks for `refusal`.

    They come in the order in which their refusals count.
    """
    limits = charge.limits
    if charge.click:
        yield _CLICK, {"Put": _first_click(table, charge.click, now)}
    yield _USER, {"Update": _one_more_job(table, record, limits, now)}
    used = _used(table, _day_key(record), charge.units, limits.user_units, now)
    yield _DAY, {"Update": used}
    if record.guild_id:
        used = _used(table, _guild_key(record), charge.units, limits.guild_units, now)
        yield _GUILD, {"Update": used}
    item = audit_item(
        record.id, record.user_id, record.guild_id, charge.action, now, charge.audit_days,
        channel_id=record.channel_id, units=charge.units, parameters=record.parameters.to_json(),
    )  # fmt: skip
    yield "audit", {"Put": table.put(item)}


def settlement_writes(
    table: Table, record: JobRecord, status: JobStatus, refunded: int, now: datetime
) -> Iterator[Write]:
    """The writes that go with the end of a job: it is no longer in flight, units are refunded."""
    values: dict[str, Any] = {":id": {record.id}, ":ttl": _ttl(now)}
    cancelled = ""
    if status is JobStatus.CANCELLED:
        values[":now"] = now.timestamp()
        cancelled = ", cancelled_at = :now"
    expression = f"SET #ttl = :ttl{cancelled} DELETE jobs :id"
    yield {"Update": table.update(_user_key(record), expression, values=values)}
    if refunded:
        for key in (_day_key(record), *([_guild_key(record)] if record.guild_id else [])):
            yield {"Update": _used(table, key, -refunded, 0, record.created_at)}


def refusal(subject: str, item: Item | None, charge: Charge, now: datetime) -> Refusal:
    """The refusal of a job, from the item whose condition does not hold."""
    found, limits = from_item(item or {}), charge.limits
    if subject == _CLICK:
        return Refusal("pressed")
    if subject == _USER:
        asked_at, cooldown = found.get("asked_at", 0.0), limits.cooldown_seconds
        if cooldown and asked_at > now.timestamp() - cooldown:
            again = f"<t:{int(asked_at + cooldown) + 1}:R>"
            return Refusal("cooldown", seconds=cooldown, again=again)
        cancelled_at = found.get("cancelled_at", 0.0)
        if cancelled_at > now.timestamp() - PAUSE_AFTER_CANCEL_SECONDS:
            return Refusal(
                "just_cancelled",
                again=f"<t:{int(cancelled_at + PAUSE_AFTER_CANCEL_SECONDS) + 1}:R>",
            )
        return Refusal("in_flight", jobs=len(found.get("jobs", ())))
    limit = limits.user_units if subject == _DAY else limits.guild_units
    left = max(0, limit - int(found.get("used", 0)))
    return Refusal(
        "quota_user" if subject == _DAY else "quota_guild",
        units=charge.units,
        limit=limit,
        left=left,
        reset=f"<t:{int(next_day(now).timestamp())}:R>",
    )


def check_against_daily_limits(record: JobRecord, charge: Charge, now: datetime) -> None:
    """Refuse a job that costs more than a whole day's quota.

    Raises:
        Refusal: naming the quota.
    """
    if charge.limits.user_units and charge.units > charge.limits.user_units:
        raise refusal(_DAY, None, charge, now)
    if record.guild_id and charge.limits.guild_units and charge.units > charge.limits.guild_units:
        raise refusal(_GUILD, None, charge, now)


def expired_jobs(item: Item | None, now: datetime) -> list[str]:
    """The jobs in a user's item that are too old to be in flight."""
    jobs = from_item(item or {}).get("jobs", ())
    return [job_id for job_id in jobs if now - snowflake_time(job_id) > _EXPIRED_AFTER]


def removal(table: Table, record: JobRecord, jobs: list[str]) -> Arguments:
    """The arguments of an update that removes jobs from the item of the record's user."""
    return table.update(_user_key(record), "DELETE jobs :ids", values={":ids": set(jobs)})


def usage(table: Table, user_id: str, guild_id: str | None, now: datetime) -> Usage:
    """What a user and the user's guild have used today; a missing item counts as no usage."""
    user, today = f"user#{guild_id or 'dm'}#{user_id}", day_of(now)
    keys = [user, f"{user}#{today}", *([f"guild#{guild_id}#{today}"] if guild_id else [])]
    items = table.batch_get_item(keys, consistent=True)
    jobs, *used = (from_item(items.get(key, {})) for key in keys)
    user_units, guild_units, *_ = (int(item.get("used", 0)) for item in [*used, {}])
    expired = expired_jobs(items.get(user), now)
    in_flight = frozenset(jobs.get("jobs", ())) - frozenset(expired)
    return Usage(user_units, guild_units, in_flight)


def audit_item(
    event_id: str,
    user_id: str,
    guild_id: str | None,
    action: str,
    now: datetime,
    days: int,
    **details: str | int | None,
) -> dict[str, Any]:
    """Who did what, and when, as an item of plain values; kept for `days`. Never holds a token."""
    ttl = int((now + timedelta(days=days)).timestamp())
    head = {"id": f"audit#{guild_id or 'dm'}#{event_id}", "ttl": ttl, "at": now.timestamp()}
    return {**head, "user_id": user_id, "guild_id": guild_id, "action": action, **details}


def _one_more_job(table: Table, record: JobRecord, limits: Limits, now: datetime) -> Arguments:
    """Add the job to those in flight, if the limits allow the user another job, and now."""
    seconds = now.timestamp()
    values: dict[str, Any] = {
        ":now": seconds,
        ":most": limits.in_flight,
        ":ttl": _ttl(now),
        ":rested": seconds - PAUSE_AFTER_CANCEL_SECONDS,
        ":id": {record.id},
    }
    condition = (
        "(attribute_not_exists(jobs) OR size(jobs) < :most)"
        " AND (attribute_not_exists(cancelled_at) OR cancelled_at <= :rested)"
    )
    if limits.cooldown_seconds:
        values[":then"] = seconds - limits.cooldown_seconds
        condition += " AND (attribute_not_exists(asked_at) OR asked_at <= :then)"
    expression = "SET asked_at = :now, #ttl = :ttl ADD jobs :id"
    return table.update(_user_key(record), expression, condition=condition, values=values)


def _used(table: Table, key: str, units: int, limit: int, now: datetime) -> Arguments:
    """Add to the units used on a day, within the limit; 0 is no limit."""
    values: dict[str, Any] = {":units": units, ":ttl": _ttl(now)}
    condition = ""
    if limit:
        values[":room"] = limit - units
        condition = "attribute_not_exists(used) OR used <= :room"
    expression = "SET #ttl = :ttl ADD used :units"
    return table.update(key, expression, condition=condition, values=values)


def _first_click(table: Table, click: str, now: datetime) -> Arguments:
    """Record a click on a component, unless the same click was recorded a moment ago."""
    return table.put(
        {"id": f"press#{click}", "pressed_at": now.timestamp(), "ttl": _ttl(now)},
        condition="attribute_not_exists(id) OR pressed_at <= :then",
        values={":then": now.timestamp() - DOUBLE_CLICK_SECONDS},
    )


def _user_key(record: JobRecord) -> str:
    return f"user#{record.guild_id or 'dm'}#{record.user_id}"


def _day_key(record: JobRecord) -> str:
    return f"{_user_key(record)}#{day_of(record.created_at)}"


def _guild_key(record: JobRecord) -> str:
    return f"guild#{record.guild_id}#{day_of(record.created_at)}"


def _ttl(moment: datetime) -> int:
    return int((moment + KEPT).timestamp())
