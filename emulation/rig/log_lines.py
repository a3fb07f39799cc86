"""Lines of logs for people: tracebacks below the structured lines, paths as in the checkout."""

import json
import re
from typing import Any

TRACEBACK = "traceback"
"""The field of a structured line that holds a traceback (discord_diffusion/logs.py)."""
_RAISED = "exception"
"""The field of one that was logged with the error itself."""
_PACKAGE = re.compile(r"(?<=[\"'\s])/[^\"'\n]*?/discord_diffusion/(?=[\w/]+\.py)")
"""The folder of the product's code, wherever a function or a task runs it."""
_RUNTIME_ERROR = "[ERROR]"
"""The beginning of a line of Lambda's runtime: a function that did not start, or that raised."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_TIME_LENGTH = len("2026-01-02T03:04:05.678")


def json_object(line: str) -> dict[str, Any]:
    """The object in a structured log line; empty for any other line."""
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def with_source_paths(text: str) -> str:
    """The text with paths of the product's code as they are in the checkout, for a click."""
    return _PACKAGE.sub("src/discord_diffusion/", text)


def time_of(line: str) -> str:
    """When a line was written, as it says itself: ISO 8601 in UTC; empty where it does not."""
    said = str(json_object(line).get("time") or line[:_TIME_LENGTH])
    return said[:_TIME_LENGTH] if _TIME.match(said) else ""


def traceback_of(line: str) -> str:
    """The traceback in a structured log line, or in one of Lambda's runtime; empty if none."""
    if line.startswith(_RUNTIME_ERROR):
        return with_source_paths("\n".join(line.splitlines()))
    fields = json_object(line)
    if found := fields.get(TRACEBACK) or fields.get(_RAISED):
        return with_source_paths(str(found).rstrip())
    return ""


def readable(line: str) -> str:
    """The line for a person: a traceback follows it, instead of being one of its fields."""
    found = traceback_of(line)
    if not found or line.startswith(_RUNTIME_ERROR):
        return found or with_source_paths(line)
    fields = json_object(line)
    left = {name: value for name, value in fields.items() if name not in (TRACEBACK, _RAISED)}
    return f"{with_source_paths(json.dumps(left, ensure_ascii=False))}\n{found}"
