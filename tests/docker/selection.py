"""Which modules run in the target `docker`: all of tests/docker and of tests/integration but those
named here. A new module runs, unless somebody writes down why not.
"""

from pathlib import Path

from tests.docker.lanes import CROWDS, lane

FOLDERS = ("tests/integration", "tests/docker")
_IN_PROCESS = "the stand-in answers in the test's own process; its image: test_standin_server.py"
ELSEWHERE = {
    **{
        f"tests/integration/standin/test_standin_{name}.py": _IN_PROCESS
        for name in (
            *("any_request", "callbacks", "channels", "chaos", "commands_api", "endpoint"),
            *("fixtures", "interactions", "limits", "live", "webhooks"),
        )
    },
    "tests/integration/test_ami.py": "`make ami`, which reads a deployment's state on this machine",
    "tests/integration/test_deploy_rehearsal.py": (
        "`make deploy-aws`, whose rehearsal is an account and a Discord made of processes"
    ),
}
"""Modules that run on target `host` alone, and why."""

_STACKS_OF_THEIR_OWN = ("test_fleet_", "test_docker_fleet", "test_docker_stack", "test_rig_cli")
_MINUTES_LONG = ("test_production_module",)


def modules(root: Path) -> list[str]:
    """The test modules to run, relative to the checkout, in the order to run them in.

    Crowds come first, for they take longest. In each lane those come first that start a stack: it
    takes long, and the one of the whole run, once started, would run beside it. Then comes what
    takes minutes though it is one test: begun last, it would leave the other lane with nothing.
    """
    found = [path for folder in FOLDERS for path in (root / folder).rglob("test_*.py")]
    names = {path.relative_to(root).as_posix() for path in found} - set(ELSEWHERE)
    return sorted(names, key=_turn)


def _turn(name: str) -> tuple[bool, bool, bool, str]:
    module = Path(name).name
    return (
        lane(name) != CROWDS,
        not module.startswith(_STACKS_OF_THEIR_OWN),
        not module.startswith(_MINUTES_LONG),
        name,
    )
