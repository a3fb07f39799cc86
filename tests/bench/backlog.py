"""Ends the jobs that a measurement left, so that the next one does not run beside them."""

from concurrent.futures import ThreadPoolExecutor

import boto3

from discord_diffusion.aws.dynamodb import Table
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.jobs.record import JobStatus
from emulation.rig.emulator_client import client_options
from emulation.rig.state import StackState

_AT_ONCE = 4
_ALL = 100_000


def end(state: StackState) -> None:
    """End every job that waits. No worker may run."""
    client = boto3.client("dynamodb", **client_options(state))
    store = JobStore(Table(state.jobs_table_name, client=client))
    boto3.client("sqs", **client_options(state)).purge_queue(QueueUrl=state.queue_url)

    def cancelled(job_id: str) -> None:
        store.finish(job_id, JobStatus.CANCELLED, reason="measured")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(cancelled, [record.id for record in store.waiting(_ALL)]))
