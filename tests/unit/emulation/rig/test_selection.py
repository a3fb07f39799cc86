"""Every module runs on a target; those of tests/integration on both, or a list says why not."""

from pathlib import Path

from tests.lanes import CROWDS, SCENARIOS, lane
from tests.selection import (
    _DRAWING,
    _LONGEST,
    ELSEWHERE,
    of_docker,
    of_host,
    of_integration,
    of_stack,
    of_unit,
)
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root


def test_every_module_runs_in_containers_or_is_named_with_a_reason() -> None:
    there = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests" / "integration").rglob("test_*.py")
    }
    assert there - set(of_docker(ROOT)) == set(ELSEWHERE)
    assert all(ELSEWHERE.values())


def test_modules_that_need_an_engine_run_on_target_docker() -> None:
    found = of_docker(ROOT)
    assert "tests/docker/test_docker_stack.py" in found
    assert "tests/integration/test_fleet_scenarios.py" in found
    assert "tests/integration/emulator/test_lambda_executor.py" in found


def test_all_modules_but_those_of_docker_and_of_the_packages_run_without_an_engine() -> None:
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    left = there - set(of_host(ROOT))
    assert left
    assert all(name.startswith(("tests/docker/", "tests/packages/")) for name in left)


def test_the_longest_lanes_come_first() -> None:
    found = [lane(name) for name in of_host(ROOT)]
    assert found[0] == CROWDS
    assert found[found.count(CROWDS)] == "deploy_rehearsal"
    assert set(_LONGEST) <= {*found, *map(lane, of_docker(ROOT))}


def test_what_reports_failures_of_the_last_hour_comes_before_what_causes_them() -> None:
    found = [Path(name).stem for name in of_host(ROOT) if lane(name) == SCENARIOS]
    assert found == ["test_worker_start", "test_fleet_scenarios"]


def test_unit_tests_come_last() -> None:
    found = [Path(name).stem for name in of_host(ROOT)]
    modules = ("test_deploy_rehearsal", "test_webhooks_api", "test_embedded_model", "test_job")
    assert sorted(modules, key=found.index) == list(modules)
    last = [name for name in of_host(ROOT) if name.startswith("tests/unit/")]
    assert last == [*sorted(_DRAWING, key=last.index), *of_unit(ROOT)]


def test_the_jobs_of_a_workflow_run_each_module_once() -> None:
    assert [*of_stack(ROOT), *of_unit(ROOT)] == of_host(ROOT)


def test_what_an_emulator_is_tried_with_leaves_out_what_has_none() -> None:
    found = of_integration(ROOT)
    assert "tests/e2e/test_real_stack.py" in found
    assert "tests/integration/test_deploy_rehearsal.py" in found
    assert "tests/integration/emulator/test_lambda_executor.py" in found
    assert "tests/integration/standin/test_webhooks_api.py" not in found
    assert set(found) < set(of_stack(ROOT))
