"""The answered jobs of a user, newest first, by the index `history`.

The index is sparse, and has keys alone: it costs one write unit for an answered job, however long a
prompt is. What the table's time to live deletes is gone from it, too.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.Projections
"""

from contextlib import suppress
from datetime import datetime, timedelta

from discord_diffusion.aws import job_items
from discord_diffusion.aws.dynamodb import Table, to_item
from discord_diffusion.aws.errors import ConditionFailedError
from discord_diffusion.aws.job_items import HISTORY
from discord_diffusion.jobs.record import JobRecord

_RESOLUTION = timedelta(milliseconds=1)
"""Of the times of ids."""


class JobHistory:
    """Reads the history. Each method raises `StoreError` if DynamoDB does not answer."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def between(
        self, user_id: str, after: datetime, before: datetime, limit: int, *, newest: bool = True
    ) -> list[JobRecord]:
        """A user's answered jobs between two moments, the newest first, as of a moment ago.

        At most `limit` of them: the newest or the oldest.
        """
        if before - after < 2 * _RESOLUTION:
            return []
        values = {
            ":user": user_id,
            ":after": (after + _RESOLUTION).timestamp(),
            ":before": (before - _RESOLUTION).timestamp(),
        }
        page = self._table.call(
            lambda: self._table.client.query(
                TableName=self._table.name,
                IndexName=HISTORY,
                KeyConditionExpression=(
                    f"{HISTORY} = :user AND created_at BETWEEN :after AND :before"
                ),
                ExpressionAttributeValues=to_item(values),
                Limit=limit,
                ScanIndexForward=not newest,
            )
        )
        keys = [item["id"]["S"] for item in page["Items"]]
        items = self._table.batch_get_item(keys, consistent=False) if keys else {}
        records = [job_items.record_of(items[key]) for key in keys if key in items]
        found = [record for record in records if record]
        return found if newest else found[::-1]

    def remove(self, job_id: str) -> None:
        """Leave a job out, whose pictures its user has deleted."""
        update = self._table.update(
            job_items.key(job_id), f"REMOVE {HISTORY}", condition=f"attribute_exists({HISTORY})"
        )
        with suppress(ConditionFailedError):
            self._table.update_item(update)
