"""Scale-in protection of the ECS task that this process runs in, by the ECS agent beside it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

import contextlib
from collections.abc import Mapping
from typing import Any

import httpx

_PATH = "/task-protection/v1/state"
_TIMEOUT_SECONDS = 3.0
"""The agent answers once ECS has; nobody waits for it but the thread that asks."""


class TaskProtectionError(Exception):
    """The agent did not do what it was asked; the text is its reason, or the kind of failure."""


class TaskProtection:
    """Talks to the agent at the address that ECS gives each container in `ECS_AGENT_URI`."""

    def __init__(self, agent_uri: str, *, transport: httpx.BaseTransport | None = None) -> None:
        # trust_env: the agent is on the instance itself, whatever proxy others need.
        self._client = httpx.Client(
            base_url=agent_uri, timeout=_TIMEOUT_SECONDS, trust_env=False, transport=transport
        )

    def protect(self, minutes: int) -> None:
        """Have scale-in and deployments pass this task by, for so long at most.

        Raises:
            TaskProtectionError: it is not protected.
        """
        self._put({"ProtectionEnabled": True, "ExpiresInMinutes": minutes})

    def unprotect(self) -> None:
        """Let ECS end the task when it likes.

        Raises:
            TaskProtectionError: it stays protected until that expires.
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
    """What went wrong: `failure` is ECS's answer, `error` the agent's own."""
    fields = content if isinstance(content, Mapping) else {}
    for name, key in (("failure", "Reason"), ("error", "Code")):
        found = fields.get(name)
        if isinstance(found, Mapping) and found.get(key):
            return str(found[key])
    return "without a reason"
