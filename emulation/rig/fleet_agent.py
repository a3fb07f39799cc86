"""Talk to the fleet agent of a stack's emulator: what it knows, and what a person can do to it."""

from typing import Any

import httpx

from emulation.rig.errors import RigError

_PATH = "/_emulator/fleet"


class FleetAgent:
    """Client of one emulator's fleet agent."""

    def __init__(self, aws_endpoint: str) -> None:
        # trust_env: a proxy of the person's must not see loopback traffic.
        self._http = httpx.Client(base_url=aws_endpoint + _PATH, timeout=30, trust_env=False)

    def state(self) -> dict[str, Any]:
        """Settings, instances and tasks."""
        return self._json("GET", "")

    def history(self, after: int = 0) -> list[dict[str, Any]]:
        """What has changed since the entry with a number, oldest first."""
        entries: list[dict[str, Any]] = self._json("GET", f"/history?after={after}")["entries"]
        return entries

    def change(self, name: str, **fields: object) -> dict[str, Any]:
        """Change something; the state after it. What is None is left out.

        Raises:
            RigError: it can't be done; the text is the agent's.
        """
        given = {key: value for key, value in fields.items() if value is not None}
        return self._json("POST", f"/{name}", given)

    def _json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise RigError(
                f"The emulator does not answer ({type(error).__name__}). See: make local-status"
            ) from error
        if answer.is_client_error:
            raise RigError(f"The fleet agent refused: {answer.json().get('error', answer.text)}")
        if answer.is_error:
            raise RigError(f"The fleet agent failed ({answer.status_code}): {answer.text}")
        content: dict[str, Any] = answer.json()
        return content
