"""The jobs in the table: who waits, and what has become of whom.

Every change is one conditional write, so that of several who would end a job at the same time (two
workers, a worker and a cancel, a worker and a refusal) exactly one does. What a job costs is
charged and given back in the same write.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
"""

import heapq
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from discord_diffusion.aws import dynamodb, job_items, ledger
from discord_diffusion.aws.dynamodb import (
    ConditionFailedError,
    Item,
    StoreError,
    StoreUnavailableError,
    UnknownJobError,
    translated,
    write,
)
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.aws.transactions import (
    PATIENT_SECONDS,
    TransactionRefusedError,
    transact,
)
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate
from discord_diffusion.jobs.units import refund

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["JobStore", "StoreError", "StoreUnavailableError", "UnknownJobError"]

INDEX = "waiting"
"""The index of who has not been told the end of a job, oldest first. It is sparse: its key is an
attribute that a record loses."""

_UNFINISHED = "#status IN (:queued, :drawing)"
_STATUS = {"#status": "status"}
_TOKEN = {"#token": "token"}
_FORGET = " REMOVE #token, waiting"


class JobStore:
    """The table of jobs. Safe to share between threads, as botocore's clients are.

    `patience_seconds` is how long a charge is tried while others write to the same counters.
    """

    def __init__(
        self,
        table_name: str,
        *,
        region: str | None = None,
        client: "DynamoDBClient | None" = None,
        patience_seconds: float = PATIENT_SECONDS,
    ) -> None:
        self._table = table_name
        self._patience_seconds = patience_seconds
        self._client = client or dynamodb.client(region)

    def accept(
        self, job: Job, *, charge: Charge | None = None, wait: WaitEstimate | None = None
    ) -> bool:
        """Write the record of a new job; False when the job is known already.

        `charge` is written with it, or neither is. `wait` is what its user is being told.

        Raises:
            Refusal: a limit of `charge` does not allow the job.
            StoreError: DynamoDB refused it or did not answer in time.
        """
        record = JobRecord.of(job, units=charge.units if charge else 0, wait=wait)
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": job_items.item(record),
            "ConditionExpression": "attribute_not_exists(id)",
        }
        if charge:
            return self._accept_charged(record, put, charge)
        try:
            with translated():
                self._client.put_item(**put)
        except ConditionFailedError:
            return False
        return True

    def _accept_charged(self, record: JobRecord, put: dict[str, Any], charge: Charge) -> bool:
        now = datetime.now(UTC)
        steps = list(ledger.charging(self._table, record, charge, now))
        try:
            ledger.check_alone(record, charge, now)
            self._transact([{"Put": put}, *(step.write for step in steps)])
        except TransactionRefusedError as error:
            if error.index == 0:
                return False
            refused = steps[error.index - 1]
            if refused.about == "user" and (lost := ledger.lost_jobs(error.item, now)):
                with translated():
                    self._client.update_item(**ledger.forgetting(self._table, record, lost))
                return self._accept_charged(record, put, charge)
            raise ledger.refusal(refused.about, error.item, charge, now) from None
        return True

    def reject(self, job: Job, *, reason: str) -> None:
        """End a job of which nobody knows whether it was accepted, at no cost to its user.

        An `accept` that comes only afterwards, its answer lost on the way, finds it ended.

        Raises:
            StoreError: as `accept`.
        """
        ended = replace(
            JobRecord.of(job), status=JobStatus.FAILED, token=None, details={"reason": reason}
        )
        try:
            with translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=job_items.item(ended),
                    ConditionExpression="attribute_not_exists(id)",
                )
        except ConditionFailedError:
            self.finish(job.id, JobStatus.FAILED, reason=reason)

    def get(self, job_id: str) -> JobRecord | None:
        """The record as it is now, None if there is none.

        Raises:
            StoreError: as `accept`.
        """
        with translated():
            answer = self._client.get_item(
                TableName=self._table, Key=job_items.key(job_id), ConsistentRead=True
            )
        return job_items.record_of(answer["Item"]) if "Item" in answer else None

    def begin(self, job_id: str) -> JobStatus:
        """Say that a worker draws the job, unless it is finished; the status that it had before.

        Raises:
            UnknownJobError: it was never accepted, or is older than records are kept.
            StoreError: as `accept`.
        """
        try:
            with translated():
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=job_items.key(job_id),
                    UpdateExpression="SET #status = :drawing, begun_at = :now",
                    ConditionExpression=_UNFINISHED,
                    ExpressionAttributeNames=_STATUS,
                    ExpressionAttributeValues=write(_unfinished() | {":now": round(time.time())}),
                    ReturnValues="ALL_OLD",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailedError as error:
            return job_items.status_of(job_id, error.item)
        return job_items.status_of(job_id, answer.get("Attributes"))

    def finish(self, job_id: str, status: JobStatus, **details: str | float) -> bool:
        """Give a job its last status; True for exactly one caller, False for those after it.

        The token is forgotten. `details` are kept with the record.

        Raises:
            ValueError: that is no last status.
            UnknownJobError: as `begin`.
            StoreError: as `accept`.
        """
        kept = {name: str(one) for name, one in details.items()}
        return self._end(job_id, status, kept, of=_UNFINISHED, known=_unfinished())

    def withdraw(
        self, job_id: str, status: JobStatus, *, reason: str, untold: bool = False
    ) -> bool:
        """As `finish`, but only a job that no worker has begun.

        `untold` keeps it among those who wait, token included, until `settle`: its user is told
        afterwards.
        """
        known = {":queued": JobStatus.QUEUED}
        return self._end(
            job_id, status, {"reason": reason}, of="#status = :queued", known=known, untold=untold
        )

    def _end(
        self,
        job_id: str,
        status: JobStatus,
        details: dict[str, str],
        *,
        of: str,
        known: dict[str, Any],
        untold: bool = False,
    ) -> bool:
        if not status.finished:
            raise ValueError(f"{status} is no last status")
        values = {":status": status, ":now": round(time.time()), ":details": details}
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": job_items.key(job_id),
            "UpdateExpression": "SET #status = :status, finished_at = :now,"
            f" details = :details{'' if untold else _FORGET}",
            "ConditionExpression": of,
            "ExpressionAttributeNames": _STATUS if untold else _STATUS | _TOKEN,
            "ExpressionAttributeValues": write(known | values),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        charged = self._charged(job_id)
        try:
            if charged:
                back = _units_back(charged, status, details)
                now = datetime.now(UTC)
                steps = ledger.settling(self._table, charged, status, back, now)
                self._transact([{"Update": update}, *(step.write for step in steps)])
            else:
                with translated():
                    self._client.update_item(**update)
        except (ConditionFailedError, TransactionRefusedError) as error:
            job_items.status_of(job_id, error.item)
            return False
        return True

    def _transact(self, writes: Sequence[Mapping[str, Any]]) -> None:
        transact(self._client, writes, self._patience_seconds)

    def _charged(self, job_id: str) -> JobRecord | None:
        """The record of a job that cost something; what it cost does not change any more."""
        record = self.get(job_id)
        return record if record and record.units else None

    def told(
        self,
        job_id: str,
        at: datetime,
        *,
        every_seconds: float = 0.0,
        wait: WaitEstimate | None = None,
    ) -> bool:
        """Say that a user is told of the wait now; False where nothing is to be told.

        True for one caller in `every_seconds`, and only while nobody draws the job or has ended it.

        Raises:
            StoreError: as `accept`.
        """
        now = at.timestamp()
        values = {":queued": JobStatus.QUEUED, ":now": now, ":then": now - every_seconds}
        values |= {":wait": job_items.wait_map(wait)}
        try:
            with translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=job_items.key(job_id),
                    UpdateExpression="SET told_at = :now, #wait = :wait",
                    ConditionExpression="#status = :queued"
                    " AND (attribute_not_exists(told_at) OR told_at <= :then)",
                    ExpressionAttributeNames=_STATUS | {"#wait": "wait"},
                    ExpressionAttributeValues=write(values),
                )
        except ConditionFailedError:
            return False
        return True

    def settle(self, job_id: str) -> None:
        """Forget the token of a job that ended untold: its user knows now, or never will.

        Raises:
            StoreError: as `accept`.
        """
        with suppress(ConditionFailedError), translated():
            self._client.update_item(
                TableName=self._table,
                Key=job_items.key(job_id),
                UpdateExpression=_FORGET,
                ConditionExpression=f"attribute_exists(id) AND NOT {_UNFINISHED}",
                ExpressionAttributeNames=_STATUS | _TOKEN,
                ExpressionAttributeValues=write(_unfinished()),
            )

    def waiting(self, limit: int) -> list[JobRecord]:
        """The oldest jobs whose users have not been told the end, as of a moment ago.

        Their status is `queued` or `drawing`, or that of an end that is still `untold`.

        Raises:
            StoreError: as `accept`.
        """
        shards = (self._shard(number, limit) for number in range(job_items.SHARDS))
        oldest = heapq.merge(*shards, key=lambda item: float(item["created_at"]["N"]))
        found = (job_items.record_of(item) for item in oldest)
        return list(islice((record for record in found if record), limit))

    def _shard(self, number: int, limit: int) -> Iterator[Item]:
        """The items of one key of the index, page by page as they are asked for."""
        start: dict[str, Any] = {}
        while True:
            with translated():
                page = self._client.query(
                    TableName=self._table,
                    IndexName=INDEX,
                    KeyConditionExpression="waiting = :shard",
                    ExpressionAttributeValues=write({":shard": job_items.shard(number)}),
                    Limit=limit,
                    **start,
                )
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _units_back(record: JobRecord, status: JobStatus, details: dict[str, str]) -> int:
    """Units to give back: of an answered job those of the pictures that its user did not get."""
    images = record.parameters.images
    shown = int(details.get("charged_pictures", images))
    return refund(record.units, status, images=images, filtered=images - shown)


def _unfinished() -> dict[str, Any]:
    return {":queued": JobStatus.QUEUED, ":drawing": JobStatus.DRAWING}
