"""The control API for the rig's reports: series, notes, the fleet, its parts, and logs."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from discord_stand_in.clock import iso
from discord_stand_in.errors import ControlError
from discord_stand_in.json_types import Json, StrictModel
from discord_stand_in.routes.dependencies import BackendDep, control_body
from discord_stand_in.state.reports import MAX_SERIES

router = APIRouter(prefix="/control", tags=["control"])

_MAX_TEXT = 8000
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


class FleetReport(StrictModel):
    """The tasks and instances of the fleet, each with `id`, `status` and what else is shown."""

    tasks: list[Json] = Field(max_length=500)
    instances: list[Json] = Field(max_length=500)


class LogLine(StrictModel):
    """A line of a log about an interaction."""

    at: str = Field(max_length=40, description="ISO 8601.")
    source: str = Field(max_length=100, description="The log that it is in.")
    level: str = Field(max_length=20)
    text: str = Field(max_length=_MAX_TEXT)
    trace: str = Field(default="", max_length=_MAX_TEXT, description="The traceback of an error.")


class NewLogLines(StrictModel):
    """New lines about one interaction."""

    lines: list[LogLine] = Field(min_length=1, max_length=200)


@router.get("/series")
async def get_series(backend: BackendDep) -> JSONResponse:
    """Every series: its points as pairs of Unix seconds and value, oldest first."""
    return JSONResponse(backend.reports.series.as_json())


@router.post("/series")
async def add_to_series(point: SeriesPoint, backend: BackendDep) -> JSONResponse:
    """Add a point to a series."""
    at = backend.clock.now() if point.at is None else point.at
    if not backend.reports.series.add(point.name, at, point.value):
        raise ControlError(f"There are {MAX_SERIES} series already.", 409)
    backend.events.publish("series", {"name": point.name, "points": [[at, point.value]]})
    return JSONResponse({"name": point.name, "at": at, "value": point.value}, 201)


@router.get("/notes")
async def get_notes(backend: BackendDep) -> JSONResponse:
    """The latest notes, oldest first."""
    return JSONResponse(list(backend.reports.notes))


@router.post("/notes")
async def add_note(request: Request, backend: BackendDep) -> JSONResponse:
    """Add a note."""
    new_note = await control_body(request, backend, NewNote)
    at = backend.clock.now() if new_note.at is None else new_note.at
    note = {"text": new_note.text, "at": iso(at)}
    backend.reports.notes.append(note)
    backend.events.publish("note", {"note": note})
    return JSONResponse(note, 201)


@router.put("/fleet")
async def set_fleet(request: Request, backend: BackendDep) -> JSONResponse:
    """Replace what is known of the fleet."""
    report = await control_body(request, backend, FleetReport)
    backend.reports.fleet = report.model_dump()
    backend.events.publish("fleet", {"fleet": backend.reports.fleet})
    return JSONResponse(backend.reports.fleet)


@router.get("/parts")
async def get_parts(backend: BackendDep) -> JSONResponse:
    """The condition of each reported part: `up`, `slow`, `down` or `silent`."""
    return JSONResponse(backend.reports.conditions(backend.clock.now()))


@router.put("/parts/{name}/{condition}")
async def set_part(
    backend: BackendDep,
    name: Literal["emulator"],
    condition: Literal["up", "slow", "down"],
) -> JSONResponse:
    """Note the condition of a part now; it has to be repeated, else the part counts as silent."""
    backend.reports.parts[name] = (condition, backend.clock.now())
    return JSONResponse(backend.reports.conditions(backend.clock.now()))


@router.get("/logs/{interaction_id}")
async def get_log(backend: BackendDep, interaction_id: str) -> JSONResponse:
    """The lines of logs about an interaction, oldest first."""
    return JSONResponse(backend.reports.log_of(interaction_id))


@router.post("/logs/{interaction_id}")
async def add_to_log(request: Request, backend: BackendDep, interaction_id: str) -> JSONResponse:
    """Add lines of logs about an interaction."""
    if backend.interactions.find(interaction_id) is None:
        raise ControlError(f"There is no interaction {interaction_id}.", 404)
    new = (await control_body(request, backend, NewLogLines)).model_dump()["lines"]
    backend.reports.add_to_log(interaction_id, new)
    backend.events.publish("log", {"interaction_id": interaction_id, "lines": new})
    return JSONResponse(backend.reports.log_of(interaction_id), 201)
