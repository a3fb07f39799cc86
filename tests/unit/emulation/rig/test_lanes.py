"""Each test runs once, and those that share a slow fixture run in one process."""

from pathlib import Path

import pytest

from tests import lanes, suite
from tests.lanes import lane
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
MODULE = """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(6))
def test_lane(number):
    with pathlib.Path(__file__).with_suffix(".lanes").open("a") as lanes:
        lanes.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
    assert number
"""


def separate(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let pytest run with a configuration of its own, and without plugins that take seconds."""
    settings = folder / "pytest.ini"
    settings.write_text("[pytest]\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", f"-c {settings} --rootdir {folder} -p xdist.plugin")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # Of the lane that this test runs in itself.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


def test_each_test_of_a_module_runs_once_in_one_lane_even_if_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    module = tmp_path / "test_lanes_here.py"
    module.write_text(MODULE)
    separate(monkeypatch, tmp_path)
    assert suite.run(ROOT, (), [str(module)], {}, at_a_time=2) == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 5 passed" in capfd.readouterr().out.strip().splitlines()[-1]
    ran_in = module.with_suffix(".lanes").read_text().split()
    assert len(ran_in) == 6
    assert len(set(ran_in)) == 1


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("integration/test_job_failures.py::a", "integration/test_channel_limits.py::b[x]", True),
        ("integration/test_job_failures.py::a", "e2e/test_real_stack.py::b", True),
        ("integration/test_job_failures.py::a", "integration/test_fleet_scenarios.py::b", False),
        ("integration/test_worker_start.py::a", "integration/test_fleet_scenarios.py::b", True),
        ("integration/test_job_failures.py::a", "integration/test_rig_cli.py::b", False),
        ("integration/test_job_failures.py::a", "docker/test_docker_images.py::b", False),
        ("integration/emulator/test_ledger.py::a", "integration/emulator/test_a.py::b", True),
        (
            "integration/emulator/test_ledger.py::a",
            "integration/emulator/test_fleet_agent.py::b",
            False,
        ),
        (
            "integration/emulator/test_fleet_agent.py::a",
            "integration/emulator/test_fleet_agent_tasks.py::b",
            True,
        ),
        ("infra/test_module.py::a", "infra/test_costs_counted.py::b", True),
        ("e2e/test_channel.py::a", "e2e/test_accessibility.py::b", True),
        ("unit/worker/test_a.py::a", "unit/worker/test_b.py::b", False),
    ],
)
def test_modules_that_share_a_stack_or_a_slow_fixture_share_a_lane(
    first: str, second: str, together: bool
) -> None:
    assert (lane(f"tests/{first}") == lane(f"tests/{second}")) is together


def test_every_module_that_has_a_lane_of_its_own_exists() -> None:
    named = [name for name in lanes._BY_MODULE if not (ROOT / name).is_file()]
    assert named == []
