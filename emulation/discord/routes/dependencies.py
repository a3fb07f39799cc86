"""What routes share: the stand-in itself, authorisation, bodies and path parameters."""

from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from emulation.discord.backend import StandIn
from emulation.discord.errors import (
    NOT_YOUR_APPLICATION,
    UNAUTHORIZED,
    DiscordError,
    InvalidFormError,
)
from emulation.discord.interactions.delivery import Courier
from emulation.discord.probes import Prober
from emulation.discord.recorder import Recorder
from emulation.discord.request_body import Body, read_body
from emulation.discord.validation.fields import FieldError, boolean, snowflake

API = "/api/v10"


def _standin(request: Request) -> StandIn:
    standin: StandIn = request.app.state.standin
    return standin


def _courier(request: Request) -> Courier:
    courier: Courier = request.app.state.courier
    return courier


def _prober(request: Request) -> Prober:
    prober: Prober = request.app.state.prober
    return prober


def _recorder(request: Request) -> Recorder:
    recorder: Recorder = request.app.state.recorder
    return recorder


StandInDep = Annotated[StandIn, Depends(_standin)]
CourierDep = Annotated[Courier, Depends(_courier)]
ProberDep = Annotated[Prober, Depends(_prober)]
RecorderDep = Annotated[Recorder, Depends(_recorder)]


def require_bot(request: Request, standin: StandInDep) -> None:
    """401 unless the request carries the application's bot token."""
    if request.headers.get("authorization") != f"Bot {standin.application.bot_token}":
        raise DiscordError(UNAUTHORIZED)


BOT = [Depends(require_bot)]
"""Dependencies of a route that only the bot may use."""


def own_application(standin: StandIn, application_id: str) -> None:
    """403 unless the path names the bot's own application."""
    if path_id("application_id", application_id) != standin.application.id:
        raise DiscordError(NOT_YOUR_APPLICATION)


def path_id(name: str, value: str) -> str:
    """An id in a path, or the form error of its parameter."""
    try:
        return snowflake(value)
    except FieldError as error:
        raise InvalidFormError({name: error.tree}) from error


def query_flag(request: Request, name: str, default: bool) -> bool:
    """A boolean query parameter."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        values = {"true": True, "1": True, "false": False, "0": False}
        return boolean(values.get(text.lower(), text))
    except FieldError as error:
        raise InvalidFormError({name: error.tree}) from error


async def body_of(request: Request, standin: StandIn, *, multipart: bool = False) -> Body:
    """The request's body within Discord's size."""
    return await read_body(request, standin.limits.request_bytes, multipart=multipart)


_Model = TypeVar("_Model", bound=BaseModel)


async def control_body(request: Request, standin: StandIn, model: type[_Model]) -> _Model:
    """A body of the control API, read as strictly as Discord's are, in the shape of `model`."""
    body = await body_of(request, standin)
    try:
        return model.model_validate(body.payload)
    except ValidationError as error:
        raise RequestValidationError(_below_body(error)) from error


def _below_body(error: ValidationError) -> list[Any]:
    """The errors as FastAPI has them: below the part of the request that they are in."""
    return [one | {"loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]


def answer(content: Any, status: int = 200) -> JSONResponse:
    """JSON."""
    return JSONResponse(content, status)
