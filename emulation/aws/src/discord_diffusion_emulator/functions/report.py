"""The lines that Lambda writes around a function's own output.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """What one invocation took: milliseconds, and mebibytes of memory."""

    duration_ms: float
    memory_size_mb: int
    max_memory_mb: int
    init_ms: float | None = None


def wrap(request_id: str, version: str, output: str, figures: Figures, status: str = "") -> str:
    """The whole log of one invocation: START, the function's `output`, END and REPORT."""
    if output and not output.endswith("\n"):
        output += "\n"
    return (
        f"START RequestId: {request_id} Version: {version}\n"
        f"{output}"
        f"END RequestId: {request_id}\n"
        f"{_report(request_id, figures, status)}\n"
    )


def _report(request_id: str, figures: Figures, status: str) -> str:
    billed_ms = math.ceil(figures.duration_ms + (figures.init_ms or 0.0))
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {figures.duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms} ms",
        f"Memory Size: {figures.memory_size_mb} MB",
        f"Max Memory Used: {figures.max_memory_mb} MB",
    ]
    if figures.init_ms is not None:
        parts.append(f"Init Duration: {figures.init_ms:.2f} ms")
    if status:
        parts.append(f"Status: {status}")
    return "\t".join(parts) + "\t"
