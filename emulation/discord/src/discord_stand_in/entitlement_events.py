"""Tells the application of an entitlement: over the Gateway, and by webhook events."""

from discord_stand_in.backend import Backend
from discord_stand_in.state.entitlements import Entitlement


def publish(backend: Backend, change: str, entitlement: Entitlement) -> None:
    """Tell of an entitlement after a change: CREATE, UPDATE or DELETE."""
    data = entitlement.as_json(backend.application.id)
    backend.dispatch(f"ENTITLEMENT_{change}", data, entitlement.guild_id)
    backend.webhook_events.send(f"ENTITLEMENT_{change}", data)
