"""Stops jobs, as a moderator has ordered: first all of them, then their users are notified.

A server may have thousands of waiting jobs. A run stops as many as its time allows, and says how
many are left; the state machine `confirm` calls again until none is. Notifications that a run has
no time for are found by the scaling loop, as any end that a user has not been notified of.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from discord_diffusion.aws.errors import StoreError, UnknownJobError
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.functions.waiting.notifier import WaitingNotifier
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_diffusion.jobs.stop_order import StopOrder
from discord_diffusion.texts.catalogue import say

log = logging.getLogger(__name__)

MOST_RECORDS = 20_000
"""The most waiting records of all guilds that are read."""
THREADS = 4
"""More would only conflict: each end of a job changes the counters of the same guild."""
RUN_SECONDS = 12.0
"""After this time no further job is stopped in one run, and no further user notified."""
NOTIFIED = 200
"""The most users that a run notifies; others are left to the scaling loop."""
_LEFT, _STOPPED, _DRAWN = "left", "stopped", "drawn"


@dataclass(frozen=True)
class Stopper:
    """Stops the jobs of one deployment, and has `notifier` notify their users."""

    jobs: JobStore
    notifier: WaitingNotifier
    clock: Callable[[], float] = time.monotonic

    def run(self, order: StopOrder, now: datetime) -> dict[str, int]:
        """Stop jobs; how many are `stopped`, how many `drawn` end soon, and how many are `left`.

        Raises:
            StoreError: the table does not list them.
        """
        until = self.clock() + RUN_SECONDS
        records = [
            record
            for record in self.jobs.waiting(MOST_RECORDS)
            if not record.status.finished and order.concerns(record)
        ]
        with ThreadPoolExecutor(THREADS) as pool:
            results = list(pool.map(lambda record: self._stop(record, until), records))
        stopped = [
            record.id for record, result in zip(records, results, strict=True) if result is _STOPPED
        ]
        done = Counter(results)
        extra = {"guild": order.guild_id, "stopped": done[_STOPPED], "drawn": done[_DRAWN]}
        log.info("A moderator has stopped jobs", extra=extra | {"left": done[_LEFT]})
        if stopped and not done[_LEFT]:
            self.notifier.confirm(stopped[:NOTIFIED], now)
        return {name: done[name] for name in (_STOPPED, _DRAWN, _LEFT)}

    def _stop(self, record: JobRecord, until: float) -> str:
        """Stop one job: at once if no worker has begun it, otherwise its worker does."""
        if self.clock() > until:
            return _LEFT
        reason = say(record.locale, "failed.stopped_waiting")
        try:
            if self.jobs.withdraw(record.id, JobStatus.CANCELLED, reason=reason, notify_later=True):
                return _STOPPED
            return _DRAWN if self.jobs.order_stop(record.id) else ""
        except UnknownJobError:
            return ""
        except StoreError as error:
            extra = {"job": record.id, "reason": str(error)}
            log.warning("The job is not stopped yet", extra=extra)
            return _LEFT
