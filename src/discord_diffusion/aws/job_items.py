"""A job's record as an item of the table, and back."""

import logging
import zlib
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.aws.dynamodb import Item, UnknownJobError, read, write
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import KEPT, JobRecord, JobStatus, WaitEstimate, WaitKind
from discord_diffusion.jobs.validation import InvalidJobError

log = logging.getLogger(__name__)

SHARDS = 8
"""Keys of the index. One key takes 1,000 writes a second:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"""
_PREFIX = "job#"
"""Of the key, before the job's id: the table holds other items too."""


def key(job_id: str) -> dict[str, Any]:
    """Of a job's item."""
    return write({"id": f"{_PREFIX}{job_id}"})


def shard(number: int) -> str:
    """One key of the index."""
    return f"waiting#{number}"


def item(record: JobRecord) -> dict[str, Any]:
    """The whole item of a record that is new; among those who wait unless it has ended."""
    waits = not record.status.finished
    return write(
        {
            "id": f"{_PREFIX}{record.id}",
            "status": record.status,
            "application_id": record.application_id,
            "user_id": record.user_id,
            "guild_id": record.guild_id,
            "channel_id": record.channel_id,
            "locale": record.locale,
            "private": record.private,
            "spoiler": record.spoiler,
            "parameters": record.parameters.to_json(),
            "units": record.units,
            "token": record.token,
            "wait": wait_map(record.wait),
            "waiting": shard(zlib.crc32(record.id.encode()) % SHARDS) if waits else None,
            "details": record.details or None,
            "created_at": record.created_at.timestamp(),
            "expires_at": record.expires_at.timestamp(),
            "ttl": int((record.created_at + KEPT).timestamp()),
        }
    )


def wait_map(wait: WaitEstimate | None) -> dict[str, Any]:
    """What a user was told of the wait, as an item keeps it."""
    if not wait:
        return {}
    due = wait.due.timestamp() if wait.due else None
    return {"kind": wait.kind, "ahead": wait.ahead, "due": due}


def _wait(plain: dict[str, Any]) -> WaitEstimate | None:
    if not plain:
        return None
    return WaitEstimate(WaitKind(plain["kind"]), int(plain["ahead"]), _moment(plain.get("due")))


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def record_of(found: Item) -> JobRecord | None:
    """The record in an item; None, with a line in the log, of one that cannot be read."""
    plain = read(found)
    job_id = str(plain["id"]).removeprefix(_PREFIX)
    try:
        return JobRecord(
            id=job_id,
            status=JobStatus(plain["status"]),
            application_id=plain["application_id"],
            user_id=plain["user_id"],
            guild_id=plain.get("guild_id"),
            channel_id=plain.get("channel_id"),
            locale=plain["locale"],
            private=plain["private"],
            spoiler=plain["spoiler"],
            parameters=GenerationParameters.from_json(plain["parameters"]),
            units=int(plain["units"]),
            token=plain.get("token"),
            wait=_wait(plain.get("wait", {})),
            notified_at=_moment(plain.get("told_at")),
            details=plain.get("details", {}),
        )
    except (InvalidJobError, KeyError, ValueError) as error:
        # A later version wrote it: what was accepted then is not for this one to judge.
        log.error("Not a record", extra={"job": job_id, "reason": type(error).__name__})
        return None


def status_of(job_id: str, found: Item | None) -> JobStatus:
    """The status in a job's item.

    Raises:
        UnknownJobError: there is none.
    """
    if not found:
        raise UnknownJobError(job_id)
    return JobStatus(found["status"]["S"])
