"""SKUs and entitlements, as an application sees them, with test entitlements.

Contract: https://docs.discord.com/developers/resources/entitlement
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from discord_stand_in.backend import Backend
from discord_stand_in.config import API
from discord_stand_in.entitlement_events import publish
from discord_stand_in.errors import UNKNOWN_ENTITLEMENT, DiscordError
from discord_stand_in.routes.commands import of_own_application
from discord_stand_in.routes.dependencies import (
    BOT_ONLY,
    BackendDep,
    JsonBody,
    path_id,
    query_boolean,
)
from discord_stand_in.state.entitlements import TEST_MODE_PURCHASE, Entitlement, SkuType
from discord_stand_in.validation.fields import (
    Field,
    integer,
    invalid,
    list_of,
    model,
    one_of,
    snowflake,
)

router = APIRouter(
    prefix=API + "/applications/{application_id}",
    tags=["monetization"],
    dependencies=[*BOT_ONLY, Depends(of_own_application)],
)

_OF_GUILD = 1
"""An owner type; the other, 2, is a user."""
_NEW = model(
    {
        "sku_id": Field(snowflake, required=True),
        "owner_id": Field(snowflake, required=True),
        "owner_type": Field(one_of((_OF_GUILD, 2), integer()), required=True),
    }
)
_ids = list_of(snowflake)
_PAGE = model(
    {
        "user_id": Field(snowflake),
        "guild_id": Field(snowflake),
        "sku_ids": Field(lambda text: _ids(text.split(","))),
        "before": Field(snowflake),
        "after": Field(snowflake),
        "limit": Field(integer(1, 100)),
    }
)


def _entitlement(backend: BackendDep, entitlement_id: str) -> Entitlement:
    """The entitlement of a path; raises UNKNOWN_ENTITLEMENT (10029)."""
    return backend.entitlements.get(path_id("entitlement_id", entitlement_id))


EntitlementDep = Annotated[Entitlement, Depends(_entitlement)]


@router.get("/skus")
async def list_skus(backend: BackendDep) -> JSONResponse:
    """What the application sells."""
    skus = backend.entitlements.skus.values()
    return JSONResponse([sku.as_json(backend.application.id) for sku in skus])


@router.get("/entitlements")
async def list_entitlements(request: Request, backend: BackendDep) -> JSONResponse:
    """Entitlements by user, guild and SKU."""
    page = _PAGE(dict(request.query_params))
    includes_deleted = request.query_params.get("exclude_deleted") is not None
    includes_deleted = includes_deleted and not query_boolean(request, "exclude_deleted")
    excludes_ended, now = query_boolean(request, "exclude_ended"), backend.clock.now()
    found = [
        one
        for one in backend.entitlements.all()
        if (includes_deleted or not one.deleted)
        and not (excludes_ended and one.has_ended(now))
        and all(getattr(one, name) == page.get(name, getattr(one, name)) for name in _OWNERS)
        and ("sku_ids" not in page or one.sku_id in page["sku_ids"])
        and int(page.get("after", 0)) < int(one.id) < int(page.get("before", 2**64))
    ]
    shown = found[: page.get("limit", 100)]
    return JSONResponse([one.as_json(backend.application.id) for one in shown])


_OWNERS = ("user_id", "guild_id")


@router.get("/entitlements/{entitlement_id}")
async def get_entitlement(backend: BackendDep, entitlement: EntitlementDep) -> JSONResponse:
    """One entitlement."""
    return JSONResponse(entitlement.as_json(backend.application.id))


@router.post("/entitlements")
async def create_test_entitlement(backend: BackendDep, body: JsonBody) -> JSONResponse:
    """Give a user or a guild an SKU for tests."""
    new = _NEW(body)
    sku = backend.entitlements.sku(new["sku_id"])
    is_of_guild = new["owner_type"] == _OF_GUILD
    owner = _check_owner(backend, new["owner_id"], is_of_guild=is_of_guild)
    entitlement = Entitlement(
        id=backend.snowflakes.next(),
        sku_id=sku.id,
        type=TEST_MODE_PURCHASE,
        **{"guild_id" if is_of_guild else "user_id": owner},  # type: ignore[arg-type]
    )
    backend.entitlements.put(entitlement)
    publish(backend, "CREATE", entitlement)
    return JSONResponse(entitlement.as_json(backend.application.id))


def _check_owner(backend: Backend, owner_id: str, *, is_of_guild: bool) -> str:
    """The id of a guild or a user that exists."""
    if is_of_guild:
        return backend.directory.check_guild(owner_id).id
    return backend.directory.user(owner_id).id


@router.post("/entitlements/{entitlement_id}/consume", status_code=204)
async def consume(backend: BackendDep, entitlement: EntitlementDep) -> Response:
    """Use up a consumable."""
    if backend.entitlements.sku(entitlement.sku_id).type != SkuType.CONSUMABLE:
        raise invalid("ENTITLEMENT_NOT_CONSUMABLE", "This entitlement is not consumable.")
    publish(backend, "UPDATE", backend.entitlements.change(entitlement, consumed=True))
    return Response(status_code=204)


@router.delete("/entitlements/{entitlement_id}", status_code=204)
async def delete_test_entitlement(backend: BackendDep, entitlement: EntitlementDep) -> Response:
    """Take an entitlement for tests back; those that were bought cannot be deleted."""
    if entitlement.deleted or entitlement.type != TEST_MODE_PURCHASE:
        raise DiscordError(UNKNOWN_ENTITLEMENT)
    publish(backend, "DELETE", backend.entitlements.change(entitlement, deleted=True))
    return Response(status_code=204)
