"""What requests cost, in the table of jobs: written with the job's own record or not at all.

    user#<where>#<user>          `jobs` not finished (a set of ids), `asked_at` of the last request,
                                 `cancelled_at` of the last one that was cancelled
    user#<where>#<user>#<day>    `used` units
    guild#<guild>#<day>          `used` units
    press#<where a button is>    `pressed_at`
    audit#<where>#<job>          who asked for what, and when

`where` is the guild, or `dm`; the day is that of the interaction. All go with the time to live.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from discord_diffusion.access.limits import (
    REST_SECONDS,
    Limits,
    Usage,
    day_of,
    next_day,
)
from discord_diffusion.aws.dynamodb import Item, read, write
from discord_diffusion.jobs.job import TOKEN_LIFETIME, snowflake_time
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_diffusion.jobs.refusal import Refusal

KEPT = timedelta(days=2)
PRESSED_AGAIN_SECONDS = 10
"""After so long the same button may be meant once more."""
_LOST = TOKEN_LIFETIME + timedelta(minutes=2)
"""A job that is older is not drawn any more, whatever the ledger says."""
_USER, _DAY, _GUILD = "user", "day", "guild"


@dataclass(frozen=True)
class Charge:
    """What a new job costs, and what has to hold for it. `press` names the button behind it."""

    units: int
    limits: Limits
    audit_days: int
    action: str = "imagine"
    press: str | None = None


@dataclass(frozen=True)
class Step:
    """One write of a transaction, and what it is about."""

    about: str
    write: Mapping[str, Any]


def charging(table: str, record: JobRecord, charge: Charge, now: datetime) -> Iterator[Step]:
    """The writes that go with the record of a new job, in the order in which refusals count."""
    if charge.press:
        yield Step("press", _press(table, charge.press, now))
    yield Step(_USER, _asking(table, record, charge.limits, now))
    of_user, of_guild = charge.limits.user_units, charge.limits.guild_units
    yield Step(_DAY, _adding(table, _day_key(record), charge.units, of_user, now))
    if record.guild_id:
        yield Step(_GUILD, _adding(table, _guild_key(record), charge.units, of_guild, now))
    yield Step("audit", _auditing(table, record, charge, now))


def settling(
    table: str, record: JobRecord, status: JobStatus, back: int, now: datetime
) -> Iterator[Step]:
    """The writes that go with the end of a job: it is no longer in flight, `back` units return."""
    values = {":id": {"SS": [record.id]}} | write({":ttl": _ttl(now)})
    rest = ""
    if status is JobStatus.CANCELLED:
        values |= write({":now": now.timestamp()})
        rest = ", cancelled_at = :now"
    yield Step(
        _USER,
        {
            "Update": {
                "TableName": table,
                "Key": _key(_user_key(record)),
                "UpdateExpression": f"SET #ttl = :ttl{rest} DELETE jobs :id",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": values,
            }
        },
    )
    if not back:
        return
    keys = [_day_key(record), *([_guild_key(record)] if record.guild_id else [])]
    for key in keys:
        yield Step(_DAY, _adding(table, key, -back, 0, record.created_at))


def refusal(about: str, item: Item | None, charge: Charge, now: datetime) -> Refusal:
    """Why the user is refused, from the item whose condition does not hold."""
    found, limits = read(item or {}), charge.limits
    if about == "press":
        return Refusal("pressed")
    if about == _USER:
        asked_at, cooldown = found.get("asked_at", 0.0), limits.cooldown_seconds
        if cooldown and asked_at > now.timestamp() - cooldown:
            again = f"<t:{int(asked_at + cooldown) + 1}:R>"
            return Refusal("cooldown", seconds=cooldown, again=again)
        cancelled_at = found.get("cancelled_at", 0.0)
        if cancelled_at > now.timestamp() - REST_SECONDS:
            return Refusal("just_cancelled", again=f"<t:{int(cancelled_at + REST_SECONDS) + 1}:R>")
        return Refusal("in_flight", jobs=len(found.get("jobs", ())))
    limit = limits.user_units if about == _DAY else limits.guild_units
    left = max(0, limit - int(found.get("used", 0)))
    return Refusal(
        "quota_user" if about == _DAY else "quota_guild",
        units=charge.units,
        limit=limit,
        left=left,
        reset=f"<t:{int(next_day(now).timestamp())}:R>",
    )


def check_alone(record: JobRecord, charge: Charge, now: datetime) -> None:
    """Refuse what no quota of the limits' size could ever pay.

    Raises:
        Refusal: it costs more than a whole day's units.
    """
    if charge.limits.user_units and charge.units > charge.limits.user_units:
        raise refusal(_DAY, None, charge, now)
    if record.guild_id and charge.limits.guild_units and charge.units > charge.limits.guild_units:
        raise refusal(_GUILD, None, charge, now)


def lost_jobs(item: Item | None, now: datetime) -> list[str]:
    """Jobs that an item of a user holds and that cannot be in flight any more."""
    jobs = read(item or {}).get("jobs", ())
    return [one for one in jobs if now - snowflake_time(one) > _LOST]


def forgetting(table: str, record: JobRecord, jobs: list[str]) -> dict[str, Any]:
    """The arguments of an update that takes such jobs out."""
    return {
        "TableName": table,
        "Key": _key(_user_key(record)),
        "UpdateExpression": "DELETE jobs :ids",
        "ExpressionAttributeValues": {":ids": {"SS": jobs}},
    }


def usage_keys(user_id: str, guild_id: str | None, now: datetime) -> list[str]:
    """The ids of the items that `usage` reads."""
    user = f"user#{guild_id or 'dm'}#{user_id}"
    guild = [f"guild#{guild_id}#{day_of(now)}"] if guild_id else []
    return [user, f"{user}#{day_of(now)}", *guild]


def usage(items: Mapping[str, Item], keys: list[str], now: datetime) -> Usage:
    """What these items say; an item that is not there says nothing was used."""
    user, day, *guild = (read(items.get(key, {})) for key in keys)
    lost = lost_jobs(items.get(keys[0]), now)
    return Usage(
        user_units=int(day.get("used", 0)),
        guild_units=int(guild[0].get("used", 0)) if guild else 0,
        in_flight=frozenset(user.get("jobs", ())) - frozenset(lost),
    )


def _asking(table: str, record: JobRecord, limits: Limits, now: datetime) -> dict[str, Any]:
    """The job in flight, if the user is allowed one more, and one now."""
    seconds = now.timestamp()
    values = {":now": seconds, ":most": limits.in_flight, ":ttl": _ttl(now)}
    values[":rested"] = seconds - REST_SECONDS
    few = "(attribute_not_exists(jobs) OR size(jobs) < :most)"
    rested = " AND (attribute_not_exists(cancelled_at) OR cancelled_at <= :rested)"
    if limits.cooldown_seconds:
        values[":then"] = seconds - limits.cooldown_seconds
        rested += " AND (attribute_not_exists(asked_at) OR asked_at <= :then)"
    return {
        "Update": {
            "TableName": table,
            "Key": _key(_user_key(record)),
            "UpdateExpression": "SET asked_at = :now, #ttl = :ttl ADD jobs :id",
            "ConditionExpression": few + rested,
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": write(values) | {":id": {"SS": [record.id]}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _adding(table: str, key: str, units: int, limit: int, now: datetime) -> dict[str, Any]:
    """`units` more used on a day, if that keeps within a limit that is not 0."""
    values: dict[str, Any] = {":units": units, ":ttl": _ttl(now)}
    update: dict[str, Any] = {
        "TableName": table,
        "Key": _key(key),
        "UpdateExpression": "SET #ttl = :ttl ADD used :units",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if limit:
        values[":room"] = limit - units
        update["ConditionExpression"] = "attribute_not_exists(used) OR used <= :room"
    return {"Update": update | {"ExpressionAttributeValues": write(values)}}


def _press(table: str, press: str, now: datetime) -> dict[str, Any]:
    """One press of a button; a second one within a moment is refused."""
    return {
        "Put": {
            "TableName": table,
            "Item": write(
                {"id": f"press#{press}", "pressed_at": now.timestamp(), "ttl": _ttl(now)}
            ),
            "ConditionExpression": "attribute_not_exists(id) OR pressed_at <= :then",
            "ExpressionAttributeValues": write({":then": now.timestamp() - PRESSED_AGAIN_SECONDS}),
        }
    }


def _auditing(table: str, record: JobRecord, charge: Charge, now: datetime) -> dict[str, Any]:
    item = audit_item(
        record.id, record.user_id, record.guild_id, charge.action, now, charge.audit_days,
        channel_id=record.channel_id, units=charge.units, parameters=record.parameters.to_json(),
    )  # fmt: skip
    return {"Put": {"TableName": table, "Item": item}}


def audit_item(
    event_id: str,
    user_id: str,
    guild_id: str | None,
    action: str,
    now: datetime,
    days: int,
    **what: str | int | None,
) -> dict[str, Any]:
    """Who did what, and when; kept for `days`. It never holds a token."""
    ttl = int((now + timedelta(days=days)).timestamp())
    head = {"id": f"audit#{guild_id or 'dm'}#{event_id}", "ttl": ttl, "at": now.timestamp()}
    return write({**head, "user_id": user_id, "guild_id": guild_id, "action": action, **what})


def _user_key(record: JobRecord) -> str:
    return f"user#{record.guild_id or 'dm'}#{record.user_id}"


def _day_key(record: JobRecord) -> str:
    return f"{_user_key(record)}#{day_of(record.created_at)}"


def _guild_key(record: JobRecord) -> str:
    return f"guild#{record.guild_id}#{day_of(record.created_at)}"


def _key(item_id: str) -> dict[str, Any]:
    return write({"id": item_id})


def _ttl(moment: datetime) -> int:
    return int((moment.astimezone(UTC) + KEPT).timestamp())
