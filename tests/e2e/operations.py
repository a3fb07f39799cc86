"""What the operations page shows, made without it: interactions, and reports of the rig."""

import httpx

from tests.e2e.application import Bot

WORKER = {"task": "1f2e3d4c", "instance": "i-0123456789abcdef0"}


def send(bot: Bot, **action: object) -> str:
    """Send a command without the page; return the interaction's id."""
    body = {"command": "imagine", "options": {"prompt": "a red circle"}} | action
    response = httpx.post(f"{bot.url}/control/interactions", json=body, trust_env=False, timeout=10)
    interaction: str = response.json()["interaction_id"]
    return interaction


def control(bot: Bot, method: str, path: str, body: dict[str, object]) -> dict[str, object]:
    """Use the control API."""
    response = httpx.request(method, f"{bot.url}/control{path}", json=body, trust_env=False)
    response.raise_for_status()
    result: dict[str, object] = response.json()
    return result


def report(bot: Bot, interaction: str, *events: str) -> None:
    """Report events of a worker, as the rig's telemetry does."""
    for name in events:
        body: dict[str, object] = {"name": name}
        if name not in ("queued", "verified"):
            body["detail"] = WORKER
        control(bot, "POST", f"/timeline/{interaction}", body)


def faults(bot: Bot) -> dict[str, dict[str, object]]:
    """The faults that are switched on."""
    found: dict[str, dict[str, object]] = httpx.get(
        f"{bot.url}/control/chaos", trust_env=False
    ).json()["faults"]
    return found
