"""The job's id in every log line about it, whatever module or thread writes the line."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context

_current: ContextVar[str | None] = ContextVar("job", default=None)


@contextmanager
def about(job_id: str) -> Iterator[None]:
    """Add the job's id to the lines that are logged inside the block."""
    token = _current.set(job_id)
    try:
        yield
    finally:
        _current.reset(token)


def thread(name: str, target: Callable[[], None]) -> threading.Thread:
    """A daemon thread whose lines are about the same job as those of the thread that made it."""
    return threading.Thread(name=name, target=copy_context().run, args=(target,), daemon=True)


class JobFilter(logging.Filter):
    """Adds the field `job` to the records of a handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        job_id = _current.get()
        if job_id is not None and not hasattr(record, "job"):
            record.job = job_id
        return True


def name_jobs_in_logs() -> None:
    """Add the field to whatever the root logger's handlers write."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(JobFilter())
