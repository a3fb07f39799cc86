"""The control API for experiments on the emulated AWS: what runs, and what users of the page want.

The stand-in knows no AWS. The rig reports what can be started and what runs, and takes what users
want from here.
"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from discord_stand_in.errors import ControlError
from discord_stand_in.json_types import StrictModel
from discord_stand_in.routes.dependencies import BackendDep, control_body

router = APIRouter(prefix="/control/experiments", tags=["control"])

_MAX_WISHES = 20


class Known(StrictModel):
    """An experiment that can be started, by its name."""

    name: str = Field(max_length=64)
    title: str = Field(max_length=100)
    description: str = Field(max_length=300)


class Shown(StrictModel):
    """An experiment that was started. `state` is that of AWS FIS."""

    id: str = Field(max_length=64)
    title: str = Field(max_length=100)
    state: str = Field(max_length=20)
    reason: str = Field(max_length=1000)


class ExperimentsReport(StrictModel):
    """What can be started, and what was, the newest first; `error` is why the last wish failed."""

    known: list[Known] = Field(max_length=50)
    experiments: list[Shown] = Field(max_length=100)
    error: str = Field(default="", max_length=1000)


class Wish(StrictModel):
    """What a user wants: to start an experiment by its name, or to stop one by its id."""

    start: str = Field(default="", max_length=64)
    stop: str = Field(default="", max_length=64)


@router.get("")
async def get_experiments(backend: BackendDep) -> JSONResponse:
    """What can be started, and what was."""
    return JSONResponse(backend.reports.experiments)


@router.put("")
async def set_experiments(request: Request, backend: BackendDep) -> JSONResponse:
    """Replace what is known of experiments."""
    report = await control_body(request, backend, ExperimentsReport)
    backend.reports.experiments = report.model_dump()
    backend.events.publish("experiments", backend.reports.experiments)
    return JSONResponse(backend.reports.experiments)


@router.post("/wishes")
async def add_wish(request: Request, backend: BackendDep) -> JSONResponse:
    """Ask the rig to start or to stop an experiment."""
    wish = await control_body(request, backend, Wish)
    if bool(wish.start) == bool(wish.stop):
        raise ControlError("Name an experiment to start, or the id of one to stop.")
    if not backend.reports.experiments["known"]:
        raise ControlError("No emulator takes part: experiments are for a stack of the rig.", 409)
    if len(backend.reports.wishes) >= _MAX_WISHES:
        raise ControlError("The rig has not taken the last wishes yet.", 409)
    backend.reports.wishes.append(wish.model_dump())
    return JSONResponse(wish.model_dump(), 202)


@router.delete("/wishes")
async def take_wishes(backend: BackendDep) -> JSONResponse:
    """What users want, once: the rig does it."""
    taken, backend.reports.wishes = backend.reports.wishes, []
    return JSONResponse({"wishes": taken})
