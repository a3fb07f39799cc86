"""The control API for the pages: a snapshot, and the live events that follow it."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse

from discord_stand_in.clock import iso
from discord_stand_in.errors import ControlError
from discord_stand_in.json_types import Json
from discord_stand_in.routes.applications import application_json
from discord_stand_in.routes.dependencies import BackendDep, ProberDep, RecorderDep
from discord_stand_in.state.interactions import Interaction, InteractionType

router = APIRouter(prefix="/control", tags=["control"])

_MAX_INTERACTIONS = 200


@router.get("/events")
async def stream_events(request: Request, backend: BackendDep) -> StreamingResponse:
    """Server-sent events; `Last-Event-ID` (or `?after=`) resumes after that event."""
    text = request.headers.get("last-event-id") or request.query_params.get("after")
    if text is not None and not (text.isdecimal() and len(text) < 16):
        raise ControlError("Last-Event-ID must be the number of an event.")
    stream = backend.events.stream(None if text is None else int(text))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.get("/snapshot")
async def get_snapshot(
    backend: BackendDep, prober: ProberDep, recorder: RecorderDep
) -> JSONResponse:
    """The state that a page draws; the events after `last_event_id` bring it up to date."""
    interactions, messages = backend.interactions.all(), backend.messages
    older, newest = interactions[:-_MAX_INTERACTIONS], interactions[-_MAX_INTERACTIONS:]
    return JSONResponse(
        {
            "last_event_id": backend.events.last_id,
            "now": iso(backend.clock.now()),
            "checkout": backend.config.checkout,
            "application": application_json(backend),
            "endpoint": backend.endpoint.as_json(),
            "commands": backend.commands.as_json(),
            "directory": backend.directory_json(),
            # Every channel's messages, oldest first, ephemeral ones with who can see them.
            "messages": {
                channel_id: list(map(messages.control_json, messages.in_channel(channel_id)))
                for channel_id in backend.directory.channels
            },
            "interactions": [backend.interaction_json(interaction) for interaction in newest],
            "started_at": iso(backend.started_at),
            # The channels whose oldest messages are no longer kept.
            "trimmed_channel_ids": sorted(backend.directory.trimmed),
            "older": _counts(older, backend.interactions.forgotten),
            "api_calls": backend.api_calls.as_json(),
            "fleet": backend.reports.fleet,
            "experiments": backend.reports.experiments,
            "chaos": backend.chaos.as_json(),
            "probes": prober.as_json(),
            "recorder": recorder.as_json(),
            "rate_limits": {"enabled": backend.rate_limiter.enabled},
            "limits": {
                "kept": backend.config.kept,
                "answer_seconds": backend.limits.answer_seconds,
                "token_seconds": backend.limits.token_seconds,
                "attachment_bytes": backend.limits.attachment_bytes,
            },
        }
    )


def _counts(interactions: list[Interaction], forgotten: Mapping[str, int]) -> Json:
    """How many interactions there were, without those of autocomplete, and how many failed."""
    counted = [one for one in interactions if one.type != InteractionType.AUTOCOMPLETE]
    failed = sum(one.has_failed for one in counted) + forgotten["failed"]
    return {"interactions": len(counted) + forgotten["interactions"], "failed": failed}


@router.get("/messages/{message_id}")
async def get_message(backend: BackendDep, message_id: str) -> JSONResponse:
    """A message with every version of it, deleted or not."""
    message = backend.messages.find(message_id)
    if message is None:
        raise ControlError(f"There is no message {message_id}.", 404)
    return JSONResponse(backend.messages.control_json(message) | {"history": message.history})
