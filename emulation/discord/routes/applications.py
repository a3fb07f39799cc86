"""/applications/@me, as a bot sees and edits it.

Contract: https://docs.discord.com/developers/resources/application
"""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from emulation.discord.backend import Backend
from emulation.discord.config import API
from emulation.discord.endpoint import set_endpoint
from emulation.discord.gateway_protocol import LIMITED_FLAGS
from emulation.discord.json_types import Json
from emulation.discord.routes.dependencies import BOT_ONLY, BackendDep, JsonBody
from emulation.discord.validation.fields import Field, integer, model, string, url

router = APIRouter(prefix=API, tags=["applications"], dependencies=BOT_ONLY)


def _endpoint_url(value: object) -> str:
    """Parse an address; an empty one removes the endpoint."""
    if value == "":
        return ""
    address: str = url()(value)
    return address


_EDIT = model(
    {
        "interactions_endpoint_url": Field(_endpoint_url, nullable=True),
        "description": Field(string(maximum=400)),
        "flags": Field(integer(0, 2**31 - 1)),
    }
)


def application_json(backend: Backend) -> Json:
    """The application object."""
    application = backend.application
    return {
        "id": application.id,
        "name": application.name,
        "icon": None,
        "description": application.description,
        "summary": "",
        "type": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": backend.signer.verify_key,
        "flags": backend.application_flags,
        "hook": True,
        "team": None,
        "tags": [],
        "bot": backend.bot_user(),
        "owner": backend.directory.user(application.owner_id).as_json(),
        "approximate_guild_count": 1,
        "approximate_user_install_count": len(backend.directory.users),
        "redirect_uris": [],
        "interactions_endpoint_url": backend.endpoint.url,
        "role_connections_verification_url": None,
        "event_webhooks_url": None,
        "event_webhooks_status": 1,
        "integration_types_config": {"0": {}, "1": {}},
    }


@router.get("/applications/@me")
@router.get("/oauth2/applications/@me")
async def get_application(backend: BackendDep) -> JSONResponse:
    """The application."""
    return JSONResponse(application_json(backend))


@router.patch("/applications/@me")
async def edit_application(backend: BackendDep, body: JsonBody) -> JSONResponse:
    """Change where interactions go, once the endpoint has passed Discord's check."""
    changes = _EDIT(body)
    if "interactions_endpoint_url" in changes:
        await set_endpoint(backend, changes["interactions_endpoint_url"])
    if "flags" in changes:
        # An application may set the limited flags of privileged intents, and no others.
        backend.application_flags = changes["flags"] & LIMITED_FLAGS
    return JSONResponse(application_json(backend))
