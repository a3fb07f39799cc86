"""The control API for the stand-in itself: chaos, probes, recorder, rate limits, reset."""

from dataclasses import asdict, replace

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import Field

from discord_stand_in.chaos import ChaosPlan
from discord_stand_in.errors import ControlError
from discord_stand_in.json_types import StrictModel
from discord_stand_in.routes.dependencies import BackendDep, DeliveryDep, ProberDep, RecorderDep

router = APIRouter(prefix="/control", tags=["control"])


class ProbeSettings(StrictModel):
    """How often the endpoint is probed."""

    interval_seconds: float = Field(ge=0, le=86_400, description="The mean; 0 sends none.")


class RecorderSettings(StrictModel):
    """Whether and where sent interactions are saved."""

    on: bool
    folder: str = Field(default="recorded", min_length=1, max_length=200)


class RateLimitSettings(StrictModel):
    """Whether requests over a rate limit are refused."""

    enabled: bool


@router.get("/chaos")
async def get_chaos(backend: BackendDep) -> JSONResponse:
    """The faults that are switched on."""
    return JSONResponse(backend.chaos.as_json())


@router.put("/chaos")
async def set_chaos(plan: ChaosPlan, backend: BackendDep) -> JSONResponse:
    """Replace the faults that are switched on; `{}` switches all of them off."""
    backend.chaos.set(plan)
    backend.events.publish("chaos", backend.chaos.as_json())
    return JSONResponse(backend.chaos.as_json())


@router.get("/probes")
async def get_probes(prober: ProberDep) -> JSONResponse:
    """What the endpoint did with invalid signatures."""
    return JSONResponse(prober.as_json())


@router.put("/probes")
async def set_probes(settings: ProbeSettings, prober: ProberDep) -> JSONResponse:
    """Change how often the endpoint is probed."""
    prober.set_interval(settings.interval_seconds)
    return JSONResponse(prober.as_json())


@router.post("/probes")
async def probe_now(prober: ProberDep) -> JSONResponse:
    """Send an invalid signature now."""
    result = await prober.probe()
    if result is None:
        raise ControlError("The application has no interactions endpoint URL.", 409)
    return JSONResponse(asdict(result))


@router.get("/recorder")
async def get_recorder(recorder: RecorderDep) -> JSONResponse:
    """Whether the recorder is on, and what it saved."""
    return JSONResponse(recorder.as_json())


@router.post("/recorder")
async def set_recorder(settings: RecorderSettings, recorder: RecorderDep) -> JSONResponse:
    """Start or stop saving interactions as fixtures."""
    if settings.on:
        recorder.start(settings.folder)
    else:
        recorder.stop()
    return JSONResponse(recorder.as_json())


class AnswerSettings(StrictModel):
    """How long the application has for the first response to an interaction."""

    seconds: float = Field(gt=0, le=86_400, description="3 at Discord; more while it is debugged.")


@router.put("/answer-time")
async def set_answer_time(settings: AnswerSettings, backend: BackendDep) -> JSONResponse:
    """Change how long the application has for the first response to an interaction."""
    backend.limits = replace(backend.limits, answer_seconds=settings.seconds)
    return JSONResponse({"seconds": backend.limits.answer_seconds})


@router.get("/rate-limits")
async def get_rate_limits(backend: BackendDep) -> JSONResponse:
    """Whether rate limits are on."""
    return JSONResponse({"enabled": backend.rate_limiter.enabled})


@router.put("/rate-limits")
async def set_rate_limits(settings: RateLimitSettings, backend: BackendDep) -> JSONResponse:
    """Switch rate limits on or off."""
    backend.rate_limiter.enabled = settings.enabled
    return JSONResponse({"enabled": backend.rate_limiter.enabled})


@router.post("/reset")
async def reset(backend: BackendDep, delivery: DeliveryDep) -> JSONResponse:
    """Delete messages, interactions, commands, files, chaos and counts; the endpoint stays."""
    backend.reset()
    delivery.clear()
    return JSONResponse({"endpoint": backend.endpoint.as_json()})
