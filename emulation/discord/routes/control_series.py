"""The control API's series: numbers of the rig over time, for the operations page.

A name such as `queue_depth` or `tasks_running` chooses the panel; `alarm/NAME` is an alarm, whose
values are 1 (ALARM), 0 (OK) and -1 (no data).
"""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from emulation.discord.errors import ControlError
from emulation.discord.routes.dependencies import StandInDep, answer
from emulation.discord.state.reports import MOST_SERIES

router = APIRouter(prefix="/control", tags=["control"])


class SeriesPoint(BaseModel):
    """One value of one series."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str = Field(pattern=r"^[a-z][a-zA-Z0-9_.:/-]{0,99}$")
    value: float
    at: float | None = Field(default=None, ge=0, le=2**33, description="Unix seconds; else now.")


@router.get("/series")
async def get_series(standin: StandInDep) -> JSONResponse:
    """Every series: its points as pairs of Unix seconds and value, oldest first."""
    return answer(standin.series.as_json())


@router.post("/series")
async def add_to_series(point: SeriesPoint, standin: StandInDep) -> JSONResponse:
    """Add a point to a series."""
    at = standin.clock.now() if point.at is None else point.at
    if not standin.series.add(point.name, at, point.value):
        raise ControlError(f"There are {MOST_SERIES} series already.", 409)
    standin.events.publish("series", {"name": point.name, "points": [[at, point.value]]})
    return answer({"name": point.name, "at": at, "value": point.value}, 201)
