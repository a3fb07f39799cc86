"""moto's log streams, of which the newest events are kept: moto keeps all that there ever were.

AWS keeps them as long as the group's retention says, which is longer than an emulator runs.
"""

from typing import Any

from moto.logs.models import LogStream

KEPT_EVENTS = 5_000
"""The events of a stream that are certainly kept."""
_FORGOTTEN_TOGETHER = 1_000


def apply() -> None:
    """Replace moto's method."""
    original = LogStream.put_log_events

    def put_log_events(stream: Any, log_events: list[dict[str, Any]]) -> str:
        """Add events, and forget the oldest above a number."""
        token: str = original(stream, log_events)
        if len(stream.events) > KEPT_EVENTS + _FORGOTTEN_TOGETHER:
            del stream.events[:-KEPT_EVENTS]
        return token

    LogStream.put_log_events = put_log_events
