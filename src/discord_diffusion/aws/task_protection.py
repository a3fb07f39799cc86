"""Scale-in protection of the ECS task that this process runs in, by the ECS agent beside it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

import contextlib
from collections.abc import Mapping
from typing import Any

import httpx

from discord_diffusion.aws.errors import TaskProtectionError

_PATH = "/task-protection/v1/state"
_TIMEOUT_SECONDS = 3.0
"""The agent answers after ECS has."""


class TaskProtection:
    """A client of the ECS agent, whose address each container has in `ECS_AGENT_URI`."""

    def __init__(self, agent_uri: str, *, transport: httpx.BaseTransport | None = None) -> None:
        # No proxy from the environment (trust_env): the agent is on the instance itself.
        self._client = httpx.Client(
            base_url=agent_uri, timeout=_TIMEOUT_SECONDS, trust_env=False, transport=transport
        )

    def protect(self, minutes: int) -> None:
        """Keep scale-in and deployments from stopping this task, for `minutes` at most.

        Raises:
            TaskProtectionError: the task is not protected.
        """
        self._put({"ProtectionEnabled": True, "ExpiresInMinutes": minutes})

    def unprotect(self) -> None:
        """Let ECS stop the task at any time.

        Raises:
            TaskProtectionError: the task stays protected until the protection expires.
        """
        self._put({"ProtectionEnabled": False})

    def _put(self, state: Mapping[str, object]) -> None:
        try:
            answer = self._client.put(_PATH, json=state)
        except httpx.HTTPError as error:
            raise TaskProtectionError(type(error).__name__) from None
        content: Any = None
        with contextlib.suppress(ValueError):
            content = answer.json()
        if not answer.is_success or not isinstance(content, Mapping) or "protection" not in content:
            raise TaskProtectionError(f"{answer.status_code} {_reason(content)}")


def _reason(content: object) -> str:
    """The reason of an error: `failure` comes from ECS, `error` from the agent itself."""
    fields = content if isinstance(content, Mapping) else {}
    for name, key in (("failure", "Reason"), ("error", "Code")):
        found = fields.get(name)
        if isinstance(found, Mapping) and found.get(key):
            return str(found[key])
    return "without a reason"
