"""The control API for what users buy and authorise, and the webhook events that tell of it."""

from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from discord_stand_in.entitlement_events import publish
from discord_stand_in.errors import ControlError
from discord_stand_in.json_types import Json, StrictModel
from discord_stand_in.routes.dependencies import BackendDep, control_body
from discord_stand_in.state.entitlements import (
    APPLICATION_SUBSCRIPTION,
    PURCHASE,
    Entitlement,
    Sku,
    SkuType,
)

router = APIRouter(prefix="/control", tags=["control"])


class NewSku(StrictModel):
    """Something that the application sells."""

    name: str = Field(min_length=1, max_length=100)
    type: SkuType = SkuType.SUBSCRIPTION
    for_guild: bool = Field(default=False, description="Bought for a server.")


class Purchase(StrictModel):
    """A user buys an SKU, for the guild if it is one for guilds."""

    sku_id: str
    user_id: str | None = Field(default=None, description="Else the default user.")
    seconds: float | None = Field(default=None, gt=0, description="How long it is valid.")


class Authorization(StrictModel):
    """A user adds the application to the guild or to their account, or removes it."""

    user_id: str | None = Field(default=None, description="Else the default user.")
    change: Literal["authorized", "deauthorized"] = "authorized"
    installed_by: Literal["guild", "user"] = "guild"


@router.post("/skus")
async def create_sku(request: Request, backend: BackendDep) -> JSONResponse:
    """Offer something."""
    new = await control_body(request, backend, NewSku)
    sku = Sku(backend.snowflakes.next(), new.name, new.type, new.for_guild)
    backend.entitlements.skus[sku.id] = sku
    return JSONResponse(sku.as_json(backend.application.id), 201)


@router.post("/entitlements")
async def buy(request: Request, backend: BackendDep) -> JSONResponse:
    """Buy something."""
    purchase = await control_body(request, backend, Purchase)
    sku = backend.entitlements.skus.get(purchase.sku_id)
    if sku is None:
        raise ControlError(f"There is no SKU {purchase.sku_id}.", 404)
    user_id, now = purchase.user_id or backend.directory.default_user.id, backend.clock.now()
    entitlement = Entitlement(
        id=backend.snowflakes.next(),
        sku_id=sku.id,
        type=APPLICATION_SUBSCRIPTION if sku.type == SkuType.SUBSCRIPTION else PURCHASE,
        user_id=backend.directory.user_or_new(user_id).id,
        guild_id=backend.directory.guild.id if sku.for_guild else None,
        starts_at=now,
        ends_at=None if purchase.seconds is None else now + purchase.seconds,
    )
    backend.entitlements.put(entitlement)
    publish(backend, "CREATE", entitlement)
    return JSONResponse(entitlement.as_json(backend.application.id), 201)


@router.delete("/entitlements/{entitlement_id}", status_code=204)
async def refund(backend: BackendDep, entitlement_id: str) -> Response:
    """Take a purchase back."""
    entitlement = backend.entitlements.get(entitlement_id)
    publish(backend, "DELETE", backend.entitlements.change(entitlement, deleted=True))
    return Response(status_code=204)


@router.post("/authorizations")
async def authorize(request: Request, backend: BackendDep) -> JSONResponse:
    """Add the application or remove it, as far as webhook events tell of it."""
    act = await control_body(request, backend, Authorization)
    user = backend.directory.user_or_new(act.user_id or backend.directory.default_user.id)
    data: Json = {"user": user.as_json()}
    if act.change == "authorized":
        scopes = ["applications.commands"]
        if act.installed_by == "guild":
            scopes = ["bot", *scopes]
            data["guild"] = backend.directory.guild.as_json()
        data |= {"integration_type": int(act.installed_by == "user"), "scopes": scopes}
    backend.webhook_events.send(f"APPLICATION_{act.change.upper()}", data)
    return JSONResponse(data)


@router.get("/webhook-events")
async def list_webhook_events(backend: BackendDep) -> JSONResponse:
    """The latest webhook events and how they were received, oldest first."""
    return JSONResponse([asdict(event) for event in backend.webhook_events.sent])
