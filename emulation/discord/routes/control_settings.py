"""The control API's switches: chaos, probes, rate limits, the recorder, the endpoint."""

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from emulation.discord.chaos import ChaosPlan
from emulation.discord.errors import ControlError
from emulation.discord.routes.dependencies import (
    ProberDep,
    RecorderDep,
    StandInDep,
    answer,
)

router = APIRouter(prefix="/control", tags=["control"])


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ProbeSettings(_Strict):
    """How often the endpoint is probed."""

    interval_seconds: float = Field(ge=0, le=86_400, description="The mean; 0 sends none.")


class RecorderSettings(_Strict):
    """Whether and where sent interactions are saved."""

    on: bool
    folder: str = Field(default="recorded", min_length=1, max_length=200)


class RateLimitSettings(_Strict):
    """Whether Discord's rate limits hold."""

    enabled: bool


@router.get("/chaos")
async def get_chaos(standin: StandInDep) -> JSONResponse:
    """The faults that are on."""
    return answer(standin.chaos.as_json())


@router.put("/chaos")
async def set_chaos(plan: ChaosPlan, standin: StandInDep) -> JSONResponse:
    """Replace the faults that are on; `{}` switches all off."""
    standin.chaos.set(plan)
    standin.events.publish("chaos", standin.chaos.as_json())
    return answer(standin.chaos.as_json())


@router.get("/probes")
async def get_probes(prober: ProberDep) -> JSONResponse:
    """How the endpoint took wrong signatures."""
    return answer(prober.as_json())


@router.put("/probes")
async def set_probes(settings: ProbeSettings, prober: ProberDep) -> JSONResponse:
    """Change how often the endpoint is probed."""
    prober.set_interval(settings.interval_seconds)
    return answer(prober.as_json())


@router.post("/probes")
async def probe_now(prober: ProberDep) -> JSONResponse:
    """Send a wrong signature now."""
    result = await prober.probe()
    if result is None:
        raise ControlError("The application has no interactions endpoint URL.", 409)
    return answer(asdict(result))


@router.get("/recorder")
async def get_recorder(recorder: RecorderDep) -> JSONResponse:
    """What the recorder does."""
    return answer(recorder.as_json())


@router.post("/recorder")
async def set_recorder(settings: RecorderSettings, recorder: RecorderDep) -> JSONResponse:
    """Start or stop saving what is sent as fixtures."""
    if settings.on:
        recorder.start(settings.folder)
    else:
        recorder.stop()
    return answer(recorder.as_json())


@router.get("/rate-limits")
async def get_rate_limits(standin: StandInDep) -> JSONResponse:
    """Whether rate limits are on."""
    return answer({"enabled": standin.rates.enabled})


@router.put("/rate-limits")
async def set_rate_limits(settings: RateLimitSettings, standin: StandInDep) -> JSONResponse:
    """Switch rate limits on or off."""
    standin.rates.enabled = settings.enabled
    return answer({"enabled": standin.rates.enabled})
