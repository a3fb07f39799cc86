"""Adds a job's id to every log line about it, whichever module or thread writes the line."""

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
    """A daemon thread whose log lines name the same job as those of the thread that makes it."""
    return threading.Thread(name=name, target=copy_context().run, args=(target,), daemon=True)


def name_jobs_in_logs() -> None:
    """Let the handlers of the root logger add the field `job` to what they write."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_add_job)


def _add_job(record: logging.LogRecord) -> bool:
    """A filter that drops no record."""
    job_id = _current.get()
    if job_id is not None and not hasattr(record, "job"):
        record.job = job_id
    return True
