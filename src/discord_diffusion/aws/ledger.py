"""The ledger: what jobs cost, in the jobs table, written together with the job records.

    user#<user>             `jobs` not finished (a set of ids), `asked_at` of the last request,
                            `cancelled_at` of the last one that was cancelled
    user#<user>#<day>       `used` units, and `guild_<guild>`: those of them in that guild
    guild#<guild>#<day>     `used` units; `requests`, `pictures` that were asked for, `refused` for
                            their words, `held_back` by the safety filter: for a summary
    deployment#<day>        `used` units
    press#<click>           `pressed_at`, and the `job` that the click asked for
    audit#<where>#<job>     who asked for what, and when

Units are hundredths of units, so that whole numbers are added and compared. `where` is the guild,
or `dm`; the day is that of the interaction. All have a time to live.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from discord_diffusion.access.limits import (
    PAUSE_AFTER_CANCEL_SECONDS,
    Limits,
    Quota,
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
SUMMARY_DAYS = 7
"""The days of a guild, today included, whose items are kept for its summary."""
DOUBLE_CLICK_SECONDS = 10
"""Clicks on the same component within this time count as one."""
_EXPIRED_AFTER = TOKEN_LIFETIME + timedelta(minutes=2)
"""A job of this age is not drawn any more, so it is not in flight whatever its item says."""
CLICK = "click"
"""What the write of a click checks."""
_USER, _DAY, _GUILD, _DEPLOYMENT = "user", "day", "guild", "deployment"
_UNLIMITED = Limits()


@dataclass(frozen=True)
class Charge:
    """What a new job costs, in hundredths of a unit, and the limits that must allow it.

    `click` identifies the user's click on a component that asked for the job, if one did, and
    `visited_guild_id` the guild in which the application is a guest.
    """

    units: int
    limits: Limits
    audit_days: int
    action: str = "imagine"
    click: str | None = None
    visited_guild_id: str | None = None


def charge_writes(
    table: Table, record: JobRecord, charge: Charge, now: datetime, ended: str | None = None
) -> Iterator[tuple[str, Write]]:
    """The writes that go with the record of a new job, each with what it checks for `refusal`.

    They come in the order in which their refusals count. `ended` is the job of an earlier click on
    the same component, if that job has ended.
    """
    limits = charge.limits
    if charge.click:
        yield CLICK, {"Put": _first_click(table, charge.click, record.id, now, ended)}
    yield _USER, {"Update": _one_more_job(table, record, limits, now)}
    for subject, counters in _counters(record).items():
        also = {"requests": 1, "pictures": record.parameters.images} if subject == _GUILD else {}
        yield subject, {"Update": _used(table, counters, charge.units, limits, now, also)}
    item = audit_item(
        record.id, record.user_id, record.guild_id, charge.action, now, charge.audit_days,
        channel_id=record.channel_id, units=charge.units, parameters=record.parameters.to_json(),
    )  # fmt: skip
    yield "audit", {"Put": table.put(item)}


def settlement_writes(
    table: Table,
    record: JobRecord,
    status: JobStatus,
    refunded: int,
    now: datetime,
    *,
    held_back: int = 0,
) -> Iterator[Write]:
    """The writes that go with the end of a job: it is no longer in flight, units are refunded.

    `held_back` are the pictures that the safety filter did not let through.
    """
    values: dict[str, Any] = {":id": {record.id}, ":ttl": _ttl(now)}
    cancelled = ""
    if status is JobStatus.CANCELLED:
        values[":now"] = now.timestamp()
        cancelled = ", cancelled_at = :now"
    expression = f"SET #ttl = :ttl{cancelled} DELETE jobs :id"
    yield {"Update": table.update(_user(record.user_id), expression, values=values)}
    for subject, counters in _counters(record).items():
        also = {"held_back": held_back} if held_back and subject == _GUILD else {}
        if refunded or also:
            yield {"Update": _used(table, counters, -refunded, _UNLIMITED, record.created_at, also)}


def refusal(
    subject: str, record: JobRecord, item: Item | None, charge: Charge, now: datetime
) -> Refusal:
    """The refusal of a job, from the item whose condition does not hold."""
    found, limits = from_item(item or {}), charge.limits
    if subject == CLICK:
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
    counters = _counters(record)[subject]
    used = {quota: int(found.get(name, 0)) for quota, name in counters.names.items()}
    # The last one may be the reason alone: a condition that does not hold names none.
    *others, last = used
    quota = next((one for one in others if _exceeds(used[one], one, charge)), last)
    return _over_quota(quota, used[quota], charge, now)


def check_against_daily_limits(record: JobRecord, charge: Charge, now: datetime) -> None:
    """Refuse a job that costs more than a whole day's quota.

    Raises:
        Refusal: naming the quota.
    """
    for counters in _counters(record).values():
        for quota in counters.names:
            if _exceeds(0, quota, charge):
                raise _over_quota(quota, 0, charge, now)


def expired_jobs(item: Item | None, now: datetime) -> list[str]:
    """The jobs in a user's item that are too old to be in flight."""
    jobs = from_item(item or {}).get("jobs", ())
    return [job_id for job_id in jobs if now - snowflake_time(job_id) > _EXPIRED_AFTER]


def removal(table: Table, record: JobRecord, jobs: list[str]) -> Arguments:
    """The arguments of an update that removes jobs from the item of the record's user."""
    return table.update(_user(record.user_id), "DELETE jobs :ids", values={":ids": set(jobs)})


def usage_keys(user_id: str, guild_id: str | None, now: datetime) -> list[str]:
    """The keys of the items that `usage` reads."""
    return [_user(user_id), *(one.key for one in _counters_of(user_id, guild_id, now).values())]


def usage(items: Mapping[str, Item], user_id: str, guild_id: str | None, now: datetime) -> Usage:
    """What was used today, from the items by key; a missing item counts as no usage."""
    used: dict[Quota, int] = {}
    for counters in _counters_of(user_id, guild_id, now).values():
        item = from_item(items.get(counters.key, {}))
        used |= {quota: int(item.get(name, 0)) for quota, name in counters.names.items()}
    jobs = items.get(_user(user_id))
    in_flight = frozenset(from_item(jobs or {}).get("jobs", ()))
    return Usage(used, in_flight - frozenset(expired_jobs(jobs, now)))


def guild_day(guild_id: str, moment: datetime) -> str:
    """The key of a guild's counts of a day."""
    return f"guild#{guild_id}#{day_of(moment)}"


def one_refused(table: Table, guild_id: str, now: datetime) -> Arguments:
    """Count a request that was refused for its words."""
    ttl = int((now + timedelta(days=SUMMARY_DAYS + 1)).timestamp())
    values = {":one": 1, ":ttl": ttl}
    return table.update(guild_day(guild_id, now), "SET #ttl = :ttl ADD refused :one", values=values)


def usage_reset(
    table: Table, user_id: str, guild_id: str, now: datetime, *, seen: int, kept: int
) -> Arguments:
    """Set what a user has used in a guild today, if it is still what was seen."""
    counters = _counters_of(user_id, guild_id, now)[_DAY]
    name = counters.names[Quota.MEMBER]
    missing = f" OR attribute_not_exists({name})" if not seen else ""
    return table.update(
        counters.key,
        f"SET {name} = :kept, #ttl = :ttl",
        condition=f"{name} = :seen{missing}",
        values={":kept": kept, ":seen": seen, ":ttl": _ttl(now)},
    )


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
    head = {"id": audit_key(guild_id, event_id), "ttl": ttl, "at": now.timestamp()}
    return {**head, "user_id": user_id, "guild_id": guild_id, "action": action, **details}


def audit_key(guild_id: str | None, event_id: str) -> str:
    """The key of the item that says who did something in a guild, or in direct messages."""
    return f"audit#{guild_id or 'dm'}#{event_id}"


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
    return table.update(_user(record.user_id), expression, condition=condition, values=values)


def _exceeds(used: int, quota: Quota, charge: Charge) -> bool:
    """Whether a job costs more than is left of a quota."""
    limit = charge.limits.hundredths(quota)
    return bool(limit) and used + charge.units > limit


def _over_quota(quota: Quota, used: int, charge: Charge, now: datetime) -> Refusal:
    limit = charge.limits.hundredths(quota)
    return Refusal(
        f"quota_{quota}",
        units=charge.units,
        limit=limit,
        left=max(0, limit - used),
        reset=f"<t:{int(next_day(now).timestamp())}:R>",
    )


@dataclass(frozen=True)
class _Counters:
    """An item of a day, and the name of the attribute that counts the units of each quota.

    The names come in the order in which refusals count.
    """

    key: str
    names: Mapping[Quota, str]
    kept: timedelta = KEPT


def _counters(record: JobRecord) -> dict[str, _Counters]:
    """Where a job is counted, by the subject of the write."""
    return _counters_of(record.user_id, record.guild_id, record.created_at)


def _counters_of(user_id: str, guild_id: str | None, moment: datetime) -> dict[str, _Counters]:
    day = day_of(moment)
    in_guild = {Quota.MEMBER: f"guild_{guild_id}"} if guild_id else {}
    counters = {_DAY: _Counters(f"{_user(user_id)}#{day}", {Quota.USER: "used"} | in_guild)}
    if guild_id:
        kept = timedelta(days=SUMMARY_DAYS + 1)
        counters[_GUILD] = _Counters(guild_day(guild_id, moment), {Quota.GUILD: "used"}, kept)
    counters[_DEPLOYMENT] = _Counters(f"deployment#{day}", {Quota.DEPLOYMENT: "used"})
    return counters


def _used(
    table: Table,
    counters: _Counters,
    units: int,
    limits: Limits,
    now: datetime,
    also: Mapping[str, int],
) -> Arguments:
    """Add to the units used on a day, within the limits, and to other counts."""
    values: dict[str, Any] = {":units": units, ":ttl": int((now + counters.kept).timestamp())}
    values |= {f":{name}": count for name, count in also.items()}
    conditions = []
    for quota, name in counters.names.items():
        if limit := limits.hundredths(quota):
            values[f":{quota}_room"] = limit - units
            conditions.append(f"(attribute_not_exists({name}) OR {name} <= :{quota}_room)")
    added = ", ".join(
        [f"{name} :units" for name in counters.names.values()] + [f"{one} :{one}" for one in also]
    )
    return table.update(
        counters.key,
        f"SET #ttl = :ttl ADD {added}",
        condition=" AND ".join(conditions),
        values=values,
    )


def _first_click(
    table: Table, click: str, job_id: str, now: datetime, ended: str | None
) -> Arguments:
    """Record a click on a component, unless the same click was recorded a moment ago.

    The click of a job that has ended since does not count: that of `ended`.
    """
    put = table.put(
        {"id": f"press#{click}", "pressed_at": now.timestamp(), "job": job_id, "ttl": _ttl(now)},
        condition="attribute_not_exists(id) OR pressed_at <= :then OR job = :ended",
        values={":then": now.timestamp() - DOUBLE_CLICK_SECONDS, ":ended": ended or ""},
    )
    return {**put, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def clicked_job(item: Item | None) -> str | None:
    """The job of an earlier click, from the item of the click."""
    job: str | None = from_item(item or {}).get("job")
    return job


def _user(user_id: str) -> str:
    return f"user#{user_id}"


def _ttl(moment: datetime) -> int:
    return int((moment + KEPT).timestamp())
