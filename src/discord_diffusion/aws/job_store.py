"""The job records in the table: accepted, begun, ended, and those that wait.

Every change is one conditional write: when two callers end a job at the same time (two workers, a
worker and a cancel, a worker and a refusal), exactly one succeeds. The cost of a job is charged and
refunded in the same write.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
"""

import heapq
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from discord_diffusion.aws import job_items, ledger
from discord_diffusion.aws.dynamodb import Arguments, Table, from_item, to_item, transact
from discord_diffusion.aws.errors import (
    ConditionFailedError,
    Item,
    TransactionRefusedError,
)
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate
from discord_diffusion.jobs.units import refund

INDEX = "waiting"
"""The index of jobs whose users have not been notified of the end, oldest first. It is sparse: its
key is an attribute that a record loses."""
CONFLICT_RETRY_SECONDS = 10.0
"""How long a conflict with another write to the same counters is retried."""
CONFLICT_RETRY_SECONDS_OF_AN_ANSWER = 0.8
"""The same while Discord waits for the answer."""
_CANCEL_KEPT_SECONDS = 3600
"""How long it is kept which jobs an interaction cancelled; Discord repeats it within seconds."""

_QUEUED: Mapping[str, Any] = {":queued": JobStatus.QUEUED}
_UNFINISHED: Mapping[str, Any] = {**_QUEUED, ":drawing": JobStatus.DRAWING}
_IS_QUEUED = "#status = :queued"
_IS_UNFINISHED = "#status IN (:queued, :drawing)"
_IS_NEW = "attribute_not_exists(id)"
_REMOVALS = "REMOVE #token, waiting"


class JobStore:
    """The records of jobs. Safe to share between threads.

    Each method raises `StoreError` if DynamoDB refuses or does not answer in time. `retry_seconds`
    is how long a conflict with another write to the same counters is retried.
    """

    def __init__(self, table: Table, *, retry_seconds: float = CONFLICT_RETRY_SECONDS) -> None:
        self._table = table
        self._retry_seconds = retry_seconds

    def accept(
        self, job: Job, *, charge: Charge | None = None, wait: WaitEstimate | None = None
    ) -> bool:
        """Write the record of a new job; False when the job is known already.

        `charge` is written with it, or neither is. `wait` is the estimate that its user is shown.

        Raises:
            Refusal: a limit of `charge` does not allow the job.
        """
        record = JobRecord.of(
            job,
            units=charge.units if charge else 0,
            wait=wait,
            visited_guild_id=charge.visited_guild_id if charge else None,
        )
        put = self._table.put(job_items.item(record), condition=_IS_NEW)
        return self._accept_charged(record, put, charge) if charge else self._table.put_item(put)

    def _accept_charged(
        self, record: JobRecord, put: Arguments, charge: Charge, ended: str | None = None
    ) -> bool:
        now = datetime.now(UTC)
        charged = list(ledger.charge_writes(self._table, record, charge, now, ended))
        try:
            ledger.check_against_daily_limits(record, charge, now)
            writes = [{"Put": put}, *(write for _, write in charged)]
            transact(self._table, writes, self._retry_seconds)
        except TransactionRefusedError as error:
            if error.index == 0:
                return False
            subject, _ = charged[error.index - 1]
            if subject == "user" and (expired := ledger.expired_jobs(error.item, now)):
                self._table.update_item(ledger.removal(self._table, record, expired))
                return self._accept_charged(record, put, charge, ended)
            clicked = ledger.clicked_job(error.item) if subject == ledger.CLICK else None
            if clicked and not ended and (earlier := self.get(clicked)) and earlier.status.finished:
                return self._accept_charged(record, put, charge, clicked)
            raise ledger.refusal(subject, record, error.item, charge, now) from None
        return True

    def reject(self, job: Job, *, reason: str) -> bool:
        """Refuse a job whose `accept` may or may not have written it; False if there is a record.

        An `accept` that reaches the table only afterwards finds the job refused.
        """
        details = {"reason": reason}
        ended = replace(JobRecord.of(job), status=JobStatus.REFUSED, token=None, details=details)
        return self._table.put_item(self._table.put(job_items.item(ended), condition=_IS_NEW))

    def get(self, job_id: str) -> JobRecord | None:
        """The record as it is now, None if there is none."""
        item = self._table.get_item(job_items.key(job_id))
        return job_items.record_of(item) if item else None

    def begin(self, job_id: str) -> JobStatus:
        """Set a job's status to drawing unless it is finished; the status that it had before.

        Raises:
            UnknownJobError: it was never accepted, or its record has expired.
        """
        update = self._table.update(
            job_items.key(job_id),
            "SET #status = :drawing, begun_at = :now",
            condition=_IS_UNFINISHED,
            values={**_UNFINISHED, ":now": round(time.time())},
        )
        try:
            before = self._table.update_item(update, returns="ALL_OLD")
        except ConditionFailedError as error:
            return job_items.status_of(job_id, error.item)
        return job_items.status_of(job_id, before)

    def finish(self, job_id: str, status: JobStatus, **details: str | float) -> bool:
        """Give a job its final status; True for exactly one caller, False for later ones.

        The token is removed. `details` are kept with the record.

        Raises:
            ValueError: that is not a final status.
            UnknownJobError: as `begin`.
        """
        kept = {name: str(value) for name, value in details.items()}
        return self._end(job_id, status, kept)

    def withdraw(
        self, job_id: str, status: JobStatus, *, reason: str, notify_later: bool = False
    ) -> bool:
        """As `finish`, but only a job that no worker has begun.

        With `notify_later` the record keeps its token and its place in the index until
        `confirm_notified`.
        """
        details = {"reason": reason}
        return self._end(job_id, status, details, only_queued=True, keep_token=notify_later)

    def order_stop(self, job_id: str) -> bool:
        """Have the worker that draws a job stop it; False if none draws it."""
        update = self._table.update(
            job_items.key(job_id), "SET stopped = :true", condition="#status = :drawing",
            values={":drawing": JobStatus.DRAWING, ":true": True},
        )  # fmt: skip
        try:
            self._table.update_item(update)
        except ConditionFailedError:
            return False
        return True

    def has_stop_order(self, job_id: str) -> bool:
        """Whether a moderator has ordered that the job is not drawn any further."""
        return bool(from_item(self._table.get_item(job_items.key(job_id)) or {}).get("stopped"))

    def jobs_to_cancel(self, interaction_id: str, job_ids: Collection[str]) -> frozenset[str]:
        """The jobs that an interaction is about to cancel: `job_ids` at its first delivery.

        A later delivery gets those of the first, although they are in flight no more.
        """
        key, ttl = f"cancel#{interaction_id}", round(time.time()) + _CANCEL_KEPT_SECONDS
        if job_ids:
            put = self._table.put({"id": key, "jobs": set(job_ids), "ttl": ttl}, condition=_IS_NEW)
            if self._table.put_item(put):
                return frozenset(job_ids)
        return frozenset(from_item(self._table.get_item(key) or {}).get("jobs", ()))

    def _end(
        self,
        job_id: str,
        status: JobStatus,
        details: dict[str, str],
        *,
        only_queued: bool = False,
        keep_token: bool = False,
    ) -> bool:
        if not status.finished:
            raise ValueError(f"{status} is not a final status")
        condition, values = (_IS_QUEUED, _QUEUED) if only_queued else (_IS_UNFINISHED, _UNFINISHED)
        removed = "" if keep_token else f" {_REMOVALS}"
        # The cost and the user of a job never change, so the record may be read before the write.
        record = self.get(job_id)
        listed = ""
        if record and status is JobStatus.ANSWERED:
            values, listed = {**values, ":user": record.user_id}, f", {job_items.HISTORY} = :user"
        update = self._table.update(
            job_items.key(job_id),
            f"SET #status = :status, finished_at = :now, details = :details{listed}{removed}",
            condition=condition,
            values={**values, ":status": status, ":now": round(time.time()), ":details": details},
        )
        try:
            if record and record.units:
                refunded = _refund(record, status, details)
                now = datetime.now(UTC)
                settled = ledger.settlement_writes(
                    self._table, record, status, refunded, now,
                    held_back=int(details.get("filtered", 0)),
                )  # fmt: skip
                transact(self._table, [{"Update": update}, *settled], self._retry_seconds)
            else:
                self._table.update_item(update)
        except (ConditionFailedError, TransactionRefusedError) as error:
            job_items.status_of(job_id, error.item)
            return False
        return True

    def claim_wait_notice(
        self,
        job_id: str,
        now: datetime,
        *,
        every_seconds: float = 0.0,
        wait: WaitEstimate | None = None,
    ) -> bool:
        """Whether this caller, and no other, may notify the user of the wait now.

        True for one caller in `every_seconds`, and only while the job is queued.
        """
        seconds = now.timestamp()
        update = self._table.update(
            job_items.key(job_id),
            "SET told_at = :now, #wait = :wait",
            condition=f"{_IS_QUEUED} AND (attribute_not_exists(told_at) OR told_at <= :then)",
            values={
                **_QUEUED,
                ":now": seconds,
                ":then": seconds - every_seconds,
                ":wait": job_items.wait_map(wait),
            },
        )
        try:
            self._table.update_item(update)
        except ConditionFailedError:
            return False
        return True

    def confirm_queued(self, job_id: str) -> None:
        """Note that the user reads that the job is queued, and that its message was sent."""
        update = self._table.update(
            job_items.key(job_id), "SET confirmed = :true", condition=_IS_QUEUED,
            values={**_QUEUED, ":true": True},
        )  # fmt: skip
        with suppress(ConditionFailedError):
            self._table.update_item(update)

    def confirm_notified(self, job_id: str) -> None:
        """Remove the token of a finished job, whose user was notified or can't be any more."""
        update = self._table.update(
            job_items.key(job_id),
            _REMOVALS,
            condition=f"attribute_exists(id) AND NOT {_IS_UNFINISHED}",
            values=_UNFINISHED,
        )
        with suppress(ConditionFailedError):
            self._table.update_item(update)

    def waiting(self, limit: int) -> list[JobRecord]:
        """The oldest jobs whose users have not been notified of the end, as of a moment ago.

        Their status is `queued` or `drawing`, or a final one after `withdraw(notify_later=True)`.
        """
        shards = (self._shard(number, limit) for number in range(job_items.SHARDS))
        oldest = heapq.merge(*shards, key=lambda item: float(item["created_at"]["N"]))
        found = (job_items.record_of(item) for item in oldest)
        return list(islice((record for record in found if record), limit))

    def _shard(self, number: int, limit: int) -> Iterator[Item]:
        """The items of one key of the index; a page is read when the one before is used up."""
        start: dict[str, Any] = {}
        while True:
            page = self._table.call(
                lambda: self._table.client.query(
                    TableName=self._table.name,
                    IndexName=INDEX,
                    KeyConditionExpression="waiting = :shard",
                    ExpressionAttributeValues=to_item({":shard": job_items.shard(number)}),
                    Limit=limit,
                    **start,  # noqa: B023 - called at once
                )
            )
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _refund(record: JobRecord, status: JobStatus, details: Mapping[str, str]) -> int:
    """Units to refund.

    An answered job is charged whole unless `charged_pictures` says less; a cancelled one only as
    far as they say, for what was drawn before; any other not at all, or
    as many hundredths of a unit as `charged_units` says.
    """
    if "charged_units" in details:
        return max(0, record.units - int(details["charged_units"]))
    images = record.parameters.images
    usual = {JobStatus.ANSWERED: images, JobStatus.CANCELLED: 0}
    charged = int(details.get("charged_pictures", usual[status])) if status in usual else 0
    return refund(record.units, images=images, charged=charged)
