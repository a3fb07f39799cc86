"""/applications/@me, as a bot sees and edits it.

Contract: https://docs.discord.com/developers/resources/application
"""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from discord_stand_in.backend import Backend
from discord_stand_in.config import API
from discord_stand_in.endpoint import set_endpoint
from discord_stand_in.errors import EndpointError
from discord_stand_in.gateway_protocol import LIMITED_FLAGS
from discord_stand_in.json_types import Json
from discord_stand_in.routes.dependencies import BOT_ONLY, BackendDep, JsonBody
from discord_stand_in.validation.fields import (
    Field,
    integer,
    invalid,
    list_of,
    model,
    one_of,
    string,
    url,
)
from discord_stand_in.webhook_events import DISABLED, ENABLED, EVENT_TYPES

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
        "event_webhooks_url": Field(_endpoint_url, nullable=True),
        "event_webhooks_status": Field(one_of((DISABLED, ENABLED), integer())),
        "event_webhooks_types": Field(list_of(one_of(EVENT_TYPES, string()))),
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
        **backend.webhook_events.as_json(),
        "integration_types_config": {"0": {}, "1": {}},
    }


async def _set_webhook_events(backend: Backend, changes: Json) -> None:
    """Change where webhook events go, and which, once the address has passed the check."""
    events = backend.webhook_events
    if "event_webhooks_url" in changes:
        url = changes["event_webhooks_url"] or None
        if url is not None:
            try:
                await events.check(url)
            except EndpointError as error:
                code = "APPLICATION_EVENT_WEBHOOKS_URL_VERIFICATION_FAILED"
                text = f"The specified event webhooks url could not be verified. ({error})"
                raise invalid(code, text, "event_webhooks_url") from error
        events.url = url
    events.status = changes.get("event_webhooks_status", events.status)
    events.types = changes.get("event_webhooks_types", events.types)


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
    await _set_webhook_events(backend, changes)
    if "flags" in changes:
        # An application may set the limited flags of privileged intents, and no others.
        backend.application_flags = changes["flags"] & LIMITED_FLAGS
    return JSONResponse(application_json(backend))
