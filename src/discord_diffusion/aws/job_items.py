"""A job's record as an item of the table, and back."""

import logging
import zlib
from typing import Any

from discord_diffusion.aws.dynamodb import from_item, moment
from discord_diffusion.aws.errors import Item, UnknownJobError
from discord_diffusion.jobs.job import DEFAULT_ATTACHMENT_SIZE_LIMIT
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import (
    RECORD_LIFETIME,
    JobRecord,
    JobStatus,
    WaitEstimate,
    WaitKind,
)
from discord_diffusion.jobs.validation import InvalidJobError

log = logging.getLogger(__name__)

SHARDS = 8
"""Keys of the index. One key takes 1,000 writes a second:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"""
HISTORY = "history"
"""The index of answered jobs by user, and the attribute that is its key: others lack it."""
_PREFIX = "job#"
"""Before the job's id, in the key of its item: the table holds other items too."""
_REQUIRED = ("application_id", "user_id", "locale", "private", "spoiler")
_OPTIONAL = ("guild_id", "channel_id", "token", "traceparent", "visited_guild_id")
_WITH_DEFAULT = ("nsfw", "safety_check", "confirmed")
"""Attributes with the name and the value of a field of the record; an item that an earlier version
of this program wrote may lack the last ones."""


def key(job_id: str) -> str:
    """The key of a job's item."""
    return f"{_PREFIX}{job_id}"


def shard(number: int) -> str:
    """One key of the index."""
    return f"waiting#{number}"


def item(record: JobRecord) -> dict[str, Any]:
    """The item of a new record, of plain values; unfinished records are in the index."""
    in_index = not record.status.finished
    names = (*_REQUIRED, *_OPTIONAL, *_WITH_DEFAULT)
    return {name: getattr(record, name) for name in names} | {
        "id": key(record.id),
        "status": record.status,
        "parameters": record.parameters.to_json(),
        "units": record.units,
        "attachment_size_limit": record.attachment_size_limit,
        "wait": wait_map(record.wait),
        "waiting": shard(zlib.crc32(record.id.encode()) % SHARDS) if in_index else None,
        "details": record.details or None,
        "created_at": record.created_at.timestamp(),
        "expires_at": record.expires_at.timestamp(),
        "ttl": int((record.created_at + RECORD_LIFETIME).timestamp()),
    }


def wait_map(wait: WaitEstimate | None) -> dict[str, Any]:
    """The wait estimate that a user was shown, in the form that items keep."""
    if not wait:
        return {}
    due = wait.due.timestamp() if wait.due else None
    return {"kind": wait.kind, "ahead": wait.ahead, "due": due}


def _wait(plain: dict[str, Any] | None) -> WaitEstimate | None:
    if not plain:
        return None
    return WaitEstimate(WaitKind(plain["kind"]), int(plain["ahead"]), moment(plain.get("due")))


def record_of(found: Item) -> JobRecord | None:
    """The record in an item; None, and an error in the log, if it cannot be read."""
    plain = from_item(found)
    job_id = str(plain["id"]).removeprefix(_PREFIX)
    try:
        copied: dict[str, Any] = {name: plain[name] for name in _REQUIRED}
        copied |= {name: plain.get(name) for name in _OPTIONAL}
        copied |= {name: plain[name] for name in _WITH_DEFAULT if name in plain}
        size_limit = plain.get("attachment_size_limit", DEFAULT_ATTACHMENT_SIZE_LIMIT)
        return JobRecord(
            id=job_id,
            status=JobStatus(plain["status"]),
            **copied,
            parameters=GenerationParameters.from_json(plain["parameters"]),
            units=int(plain["units"]),
            attachment_size_limit=int(size_limit),
            wait=_wait(plain.get("wait")),
            notified_at=moment(plain.get("told_at")),
            details=plain.get("details", {}),
        )
    except (InvalidJobError, KeyError, ValueError) as error:
        # A later version of this program may have written it.
        extra = {"job": job_id, "reason": type(error).__name__}
        log.error("The item of a job record is invalid", extra=extra)
        return None


def status_of(job_id: str, found: Item | None) -> JobStatus:
    """The status in a job's item.

    Raises:
        UnknownJobError: there is no item.
    """
    if not found:
        raise UnknownJobError(job_id)
    return JobStatus(found["status"]["S"])
