"""Log streams do not grow for ever."""

import boto3
import pytest
from moto import mock_aws
from moto.logs.models import LogStream, logs_backends

from ecs_fleet_emulator.services import log_streams
from ecs_fleet_emulator.services.log_streams import KEPT_EVENTS

PUTS, EVENTS_PER_PUT = 8, 1_000


@mock_aws
def test_the_newest_events_of_a_stream_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LogStream, "put_log_events", LogStream.put_log_events)
    log_streams.apply()
    client = boto3.client("logs", region_name="us-east-1")
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    backend = logs_backends["123456789012"]["us-east-1"]
    messages = [f"{n}" for n in range(PUTS * EVENTS_PER_PUT)]
    for first in range(0, len(messages), EVENTS_PER_PUT):
        batch = messages[first : first + EVENTS_PER_PUT]
        events = [{"timestamp": 1, "message": message} for message in batch]
        backend.groups["g"].put_log_events("s", events)
    kept = [event.message for event in backend.groups["g"].streams["s"].events]
    assert KEPT_EVENTS <= len(kept) <= KEPT_EVENTS + EVENTS_PER_PUT
    assert kept == messages[-len(kept) :]
