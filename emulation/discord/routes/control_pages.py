"""The control API for the pages: a snapshot, live events, series and notes."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import Field

from emulation.discord.clock import iso
from emulation.discord.errors import ControlError
from emulation.discord.json_types import StrictModel
from emulation.discord.routes.applications import application_json
from emulation.discord.routes.dependencies import BackendDep, ProberDep, RecorderDep, control_body
from emulation.discord.state.reports import MAX_SERIES

router = APIRouter(prefix="/control", tags=["control"])

_MAX_INTERACTIONS = 200
OptionalTime = Annotated[float | None, Field(ge=0, le=2**33)]
"""Unix seconds; None: now."""


class SeriesPoint(StrictModel):
    """One value of one series.

    A name such as `queue_depth` or `tasks_running` chooses the panel; `alarm/NAME` is an alarm,
    whose values are 1 (ALARM), 0 (OK) and -1 (no data).
    """

    name: str = Field(pattern=r"^[a-z][a-zA-Z0-9_.:/-]{0,99}$")
    value: float
    at: OptionalTime = None


class NewNote(StrictModel):
    """A note for the operations page: what a part of the rig did."""

    text: str = Field(min_length=1, max_length=2000)
    at: OptionalTime = None


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
    newest, messages = backend.interactions.all()[-_MAX_INTERACTIONS:], backend.messages
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
            "chaos": backend.chaos.as_json(),
            "probes": prober.as_json(),
            "recorder": recorder.as_json(),
            "rate_limits": {"enabled": backend.rate_limiter.enabled},
            "limits": {
                "answer_seconds": backend.limits.answer_seconds,
                "token_seconds": backend.limits.token_seconds,
                "attachment_bytes": backend.limits.attachment_bytes,
            },
        }
    )


@router.get("/messages/{message_id}")
async def get_message(backend: BackendDep, message_id: str) -> JSONResponse:
    """A message with every version of it, deleted or not."""
    message = backend.messages.find(message_id)
    if message is None:
        raise ControlError(f"There is no message {message_id}.", 404)
    return JSONResponse(backend.messages.control_json(message) | {"history": message.history})


@router.get("/series")
async def get_series(backend: BackendDep) -> JSONResponse:
    """Every series: its points as pairs of Unix seconds and value, oldest first."""
    return JSONResponse(backend.series.as_json())


@router.post("/series")
async def add_to_series(point: SeriesPoint, backend: BackendDep) -> JSONResponse:
    """Add a point to a series."""
    at = backend.clock.now() if point.at is None else point.at
    if not backend.series.add(point.name, at, point.value):
        raise ControlError(f"There are {MAX_SERIES} series already.", 409)
    backend.events.publish("series", {"name": point.name, "points": [[at, point.value]]})
    return JSONResponse({"name": point.name, "at": at, "value": point.value}, 201)


@router.get("/notes")
async def get_notes(backend: BackendDep) -> JSONResponse:
    """The latest notes, oldest first."""
    return JSONResponse(list(backend.notes))


@router.post("/notes")
async def add_note(request: Request, backend: BackendDep) -> JSONResponse:
    """Add a note."""
    new_note = await control_body(request, backend, NewNote)
    at = backend.clock.now() if new_note.at is None else new_note.at
    note = {"text": new_note.text, "at": iso(at)}
    backend.notes.append(note)
    backend.events.publish("note", {"note": note})
    return JSONResponse(note, 201)
