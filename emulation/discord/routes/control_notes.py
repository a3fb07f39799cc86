"""The control API's notes: what other parts of the rig did, for the operations page."""

from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from emulation.discord.clock import iso
from emulation.discord.json_types import Json
from emulation.discord.routes.dependencies import StandInDep, answer, control_body
from emulation.discord.state.notes import Note

router = APIRouter(prefix="/control", tags=["control"])


class NewNote(BaseModel):
    """Something that happened."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    text: str = Field(min_length=1, max_length=300)
    at: float | None = Field(default=None, ge=0, le=2**33, description="Unix seconds; else now.")


def _shown(note: Note) -> Json:
    return asdict(note) | {"at": iso(note.at)}


@router.get("/notes")
async def get_notes(standin: StandInDep) -> JSONResponse:
    """The last notes, oldest first."""
    return answer([_shown(note) for note in standin.notes.all()])


@router.post("/notes")
async def add_note(request: Request, standin: StandInDep) -> JSONResponse:
    """Add a note."""
    given = await control_body(request, standin, NewNote)
    note = Note(given.text, standin.clock.now() if given.at is None else given.at)
    standin.notes.add(note)
    standin.events.publish("note", {"note": _shown(note)})
    return answer(_shown(note), 201)
