"""Every module of tests/integration runs in containers, or says why not."""

from emulation.bootstrap.layout import Layout
from tests.docker.selection import ELSEWHERE, modules

ROOT = Layout.of_this_checkout().root


def test_every_module_runs_in_containers_or_is_named_with_a_reason() -> None:
    there = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests" / "integration").rglob("test_*.py")
    }
    assert there - set(modules(ROOT)) == set(ELSEWHERE)
    assert all(ELSEWHERE.values())


def test_what_needs_an_engine_runs_there() -> None:
    found = modules(ROOT)
    assert "tests/docker/test_docker_stack.py" in found
    assert "tests/integration/test_fleet_scenarios.py" in found
    assert "tests/integration/emulator/test_lambda_executor.py" in found


def test_what_starts_a_stack_comes_before_the_stack_of_the_whole_run() -> None:
    found = modules(ROOT)
    own = [
        found.index(f"tests/{one}.py")
        for one in ("docker/test_docker_stack", "integration/test_rig_cli")
    ]
    shared = [
        found.index(f"tests/integration/test_{one}.py") for one in ("channel_limits", "failures")
    ]
    others = [found.index("tests/integration/emulator/test_functions.py")]
    assert max(own) < min(shared)
    assert max(shared) < min(others)
