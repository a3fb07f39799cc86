"""Structured log lines about jobs, as events of a timeline and as lines of an interaction's log."""

from dataclasses import dataclass
from typing import Any

EVENTS = {
    "The interaction is verified": "verified",
    "The job is queued": "queued",
    "The job is leased": "leased",
    "The drawing of the job begins": "generating",
    "The job is answered": "finished",
    "The job failed": "failed",
    "A dead letter was processed": "failed",
    "A job was abandoned": "failed",
    "Unexpected error": "failed",
}
"""Message of a structured log line, and the event that it stands for."""
_FAILED, _GIVEN_BACK = "failed", "given_back"
_ENDS_WORK = ("finished", _FAILED, _GIVEN_BACK)
_TRIED_AGAIN = ("retry", "abandon", "poison")
"""Outcomes of a failure after which the queue has the job, for another worker or another try."""
_MAX_TEXT = 8000
_SHOWN_APART = frozenset(
    ("time", "level", "logger", "message", "job", "interaction", "traceback", "exception")
)


@dataclass(frozen=True)
class JobEvent:
    """An event of an interaction's timeline; `at` is ISO 8601."""

    interaction_id: str
    name: str
    at: str

    @property
    def ends_work(self) -> bool:
        """Whether no worker works on the job any more."""
        return self.name in _ENDS_WORK


def subject_of(line: dict[str, Any]) -> str:
    """The interaction that a structured log line is about; empty if it is about none."""
    found = line.get("job") or line.get("interaction")
    return found if isinstance(found, str) else ""


def is_metric(line: dict[str, Any]) -> bool:
    """Whether a structured log line is a metric in the embedded format, which says nothing more.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    return "_aws" in line


def event_of(line: dict[str, Any]) -> JobEvent | None:
    """The event that a structured log line records, or None."""
    name, interaction_id = EVENTS.get(str(line.get("message"))), subject_of(line)
    if name is None or not interaction_id:
        return None
    if name == _FAILED and line.get("outcome") in _TRIED_AGAIN:
        name = _GIVEN_BACK
    return JobEvent(interaction_id, name, str(line.get("time")))


def log_line(source: str, line: dict[str, Any], trace: str) -> dict[str, str]:
    """A structured log line for the page: its message with the other fields, and its traceback."""
    fields = [f"{name}={value}" for name, value in line.items() if name not in _SHOWN_APART]
    return {
        "at": str(line.get("time")),
        "source": source,
        "level": str(line.get("level", "INFO")),
        "text": " ".join([str(line.get("message")), *fields])[:_MAX_TEXT],
        "trace": trace[-_MAX_TEXT:],
    }
