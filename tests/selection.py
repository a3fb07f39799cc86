"""The test modules that a target's whole run has, in the order in which they run.

Target `docker` has all of tests/docker and of tests/integration but those named here: a new module
runs there, unless ELSEWHERE says why not. Target `host` has what needs no engine.
"""

from pathlib import Path

from tests.lanes import CROWDS, lane

_IN_PROCESS = "the stand-in answers in the test's own process; its image: test_standin_server.py"
ELSEWHERE = {
    **{
        f"tests/integration/standin/test_{name}.py": _IN_PROCESS
        for name in (
            *("api_rate_limits", "arbitrary_requests", "channels_api", "chaos_faults"),
            *("command_interactions", "command_registration", "component_interactions"),
            *("control_api", "interaction_callbacks", "interaction_delivery"),
            *("interaction_fixtures", "interactions_endpoint", "webhooks_api"),
        )
    },
    "tests/integration/test_deploy_rehearsal.py": (
        "`make deploy-aws`, whose rehearsal is an account and a Discord made of processes"
    ),
}
"""Modules of tests/integration that run on target `host` alone, and why."""

_STACKS_OF_THEIR_OWN = ("test_fleet_", "test_docker_stack", "test_rig_cli")
_MINUTES_LONG = ("test_deploy_rehearsal", "test_production_module")


def of_docker(root: Path) -> list[str]:
    """What runs in containers, relative to the checkout."""
    found = _below(root, "tests/integration") | _below(root, "tests/docker")
    return sorted(found - set(ELSEWHERE), key=_turn)


def of_host(root: Path) -> list[str]:
    """What runs without an engine, relative to the checkout."""
    return sorted(_below(root, "tests") - _below(root, "tests/docker"), key=_turn)


def _below(root: Path, folder: str) -> set[str]:
    return {path.relative_to(root).as_posix() for path in (root / folder).rglob("test_*.py")}


def _turn(name: str) -> tuple[bool, bool, bool, bool, str]:
    """The sort key of a module: crowds come first, since they take longest.

    In each lane, modules that start a stack of their own come first: once the stack of the whole
    run has started, theirs would run beside it. Then come single modules that take minutes: started
    last, they would leave the other lane idle. Unit tests fill both lanes at the end.
    """
    module = Path(name).name
    return (
        lane(name) != CROWDS,
        name.startswith("tests/unit/"),
        not module.startswith(_STACKS_OF_THEIR_OWN),
        not module.startswith(_MINUTES_LONG),
        name,
    )
