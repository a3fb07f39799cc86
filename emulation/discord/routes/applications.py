"""/applications/@me, as a bot sees and edits it.

Contract: https://docs.discord.com/developers/resources/application
"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from emulation.discord.endpoint import application_json, set_endpoint
from emulation.discord.routes.dependencies import (
    API,
    BOT,
    StandInDep,
    answer,
    body_of,
)
from emulation.discord.validation.fields import Field, model, parse_form, string, url

router = APIRouter(prefix=API, tags=["applications"], dependencies=BOT)


def _endpoint_url(value: object) -> str:
    """A web address, or nothing, which removes it."""
    if value == "":
        return ""
    address: str = url()(value)
    return address


_EDIT = model(
    {
        "interactions_endpoint_url": Field(_endpoint_url, nullable=True),
        "description": Field(string(maximum=400)),
    }
)


@router.get("/applications/@me")
@router.get("/oauth2/applications/@me")
async def get_application(standin: StandInDep) -> JSONResponse:
    """The application."""
    return answer(application_json(standin))


@router.patch("/applications/@me")
async def edit_application(request: Request, standin: StandInDep) -> JSONResponse:
    """Change where interactions go, once the endpoint has passed Discord's check."""
    body = await body_of(request, standin)
    changes = parse_form(_EDIT, body.payload)
    if "interactions_endpoint_url" in changes:
        await set_endpoint(standin, changes["interactions_endpoint_url"])
    return answer(application_json(standin))
