"""Where the fleets' endpoints hang on the gateway. They are loaded with the first request."""

from typing import Any

FLEET = "/_emulator/fleet"
TASKS = "/_emulator/tasks"
CHANGES = ("interrupt", "deny-capacity", "allow-capacity", "crash-task", "settings")


def add_to(router: Any) -> None:
    """Add all routes to the gateway's router."""
    router.add(FLEET, _state, methods=["GET"])
    router.add(f"{FLEET}/history", _history, methods=["GET"])
    router.add(f"{FLEET}/<change>", _change, methods=["POST"])
    router.add(f"{TASKS}/<task_id>/v4", _container, methods=["GET"])
    router.add(f"{TASKS}/<task_id>/v4/task", _task, methods=["GET"])
    router.add(f"{TASKS}/<task_id>/task-protection/v1/state", _protection, methods=["GET", "PUT"])


def _state(request: Any) -> Any:
    from discord_diffusion_emulator.fleet import endpoints

    return endpoints.state(request)


def _history(request: Any) -> Any:
    from discord_diffusion_emulator.fleet import endpoints

    return endpoints.history(request)


def _change(request: Any, change: str) -> Any:
    from discord_diffusion_emulator.fleet import endpoints

    return endpoints.change(request, change)


def _container(request: Any, task_id: str) -> Any:  # noqa: ARG001  # the router's signature
    from discord_diffusion_emulator.fleet import endpoints

    return endpoints.metadata(task_id, whole=False)


def _task(request: Any, task_id: str) -> Any:  # noqa: ARG001  # as above
    from discord_diffusion_emulator.fleet import endpoints

    return endpoints.metadata(task_id, whole=True)


def _protection(request: Any, task_id: str) -> Any:
    from discord_diffusion_emulator.fleet import endpoints

    return endpoints.protection(request, task_id)
