"""Dependencies of routes: the backend and its services, authorisation, bodies, path parameters."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from discord_stand_in.backend import Backend
from discord_stand_in.endpoint import SignatureProber
from discord_stand_in.errors import UNAUTHORIZED, DiscordError, InvalidFormError
from discord_stand_in.interactions.delivery import InteractionDelivery
from discord_stand_in.recorder import Recorder
from discord_stand_in.request_body import RequestBody, read_body
from discord_stand_in.validation.fields import boolean, snowflake


def _of_app(name: str) -> Callable[[Request], Any]:
    """A dependency: an attribute of the application's state."""

    def get(request: Request) -> Any:
        return getattr(request.app.state, name)

    return get


BackendDep = Annotated[Backend, Depends(_of_app("backend"))]
DeliveryDep = Annotated[InteractionDelivery, Depends(_of_app("delivery"))]
ProberDep = Annotated[SignatureProber, Depends(_of_app("prober"))]
RecorderDep = Annotated[Recorder, Depends(_of_app("recorder"))]


def _require_bot(request: Request, backend: BackendDep) -> None:
    """401 unless the request carries the application's bot token."""
    if request.headers.get("authorization") != f"Bot {backend.application.bot_token}":
        raise DiscordError(UNAUTHORIZED)


BOT_ONLY = [Depends(_require_bot)]
"""Dependencies of a route that only the bot may use."""


async def _form_body(request: Request, backend: BackendDep) -> RequestBody:
    return await read_body(request, backend.limits.request_bytes, multipart=True)


async def _json_body(request: Request, backend: BackendDep) -> Any:
    return (await read_body(request, backend.limits.request_bytes)).payload


# Dependencies are resolved in the order of a route's parameters: the body comes last, so that a
# request for an unknown id is refused before its body is read.
FormBody = Annotated[RequestBody, Depends(_form_body)]
"""A JSON or multipart body within Discord's size."""
JsonBody = Annotated[Any, Depends(_json_body)]
"""The decoded JSON of a body within Discord's size."""


def path_id(name: str, value: str) -> str:
    """An id in a path or a query; InvalidFormError names the parameter."""
    try:
        return snowflake(value)
    except InvalidFormError as error:
        raise error.at(name) from error


def query_boolean(request: Request, name: str) -> bool:
    """A boolean query parameter, false if it is absent."""
    text = request.query_params.get(name, "false")
    try:
        return boolean(
            {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
        )
    except InvalidFormError as error:
        raise error.at(name) from error


_Model = TypeVar("_Model", bound=BaseModel)


async def control_body(request: Request, backend: Backend, model: type[_Model]) -> _Model:
    """A body of the control API, read as strictly as Discord reads its own."""
    body = await read_body(request, backend.limits.request_bytes)
    try:
        return model.model_validate(body.payload)
    except ValidationError as error:
        # FastAPI places errors below the part of the request that they are in.
        details = error.errors(include_url=False)
        details = [detail | {"loc": ("body", *detail["loc"])} for detail in details]
        raise RequestValidationError(details) from error
