"""Tells the operations page of the interactions that a real Discord sent, without their tokens."""

import logging
from collections.abc import Mapping
from typing import Any

import httpx

from emulation.rig.loopback import NO_CERTIFICATES

_log = logging.getLogger(__name__)
_SECONDS = 5.0


class Operations:
    """The operations page of one stack. Close it in the end."""

    def __init__(self, stand_in_url: str) -> None:
        self._url = f"{stand_in_url}/control/observed"
        self._http = httpx.AsyncClient(
            trust_env=False,
            verify=NO_CERTIFICATES,
            timeout=_SECONDS,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def came(self, interaction: Mapping[str, Any]) -> None:
        """Show an interaction."""
        actor = interaction.get("member") or interaction
        seen = {
            "id": interaction["id"],
            "type": interaction["type"],
            "user_id": actor.get("user", {}).get("id", ""),
            "channel_id": interaction.get("channel_id") or "",
            "guild_id": interaction.get("guild_id"),
            "data": interaction.get("data"),
        }
        await self._tell("", seen)

    async def ended(self, interaction_id: str, reason: str | None) -> None:
        """Show that an interaction was answered, or the reason why it was not."""
        outcome = "answered" if reason is None else "error"
        await self._tell(f"/{interaction_id}/outcome", {"outcome": outcome, "error": reason})

    async def _tell(self, path: str, body: object) -> None:
        """A call; nobody's answer depends on it, so a failure is only logged."""
        try:
            (await self._http.post(self._url + path, json=body)).raise_for_status()
        except httpx.HTTPError as error:
            _log.warning("The operations page was not told: %s", type(error).__name__)
