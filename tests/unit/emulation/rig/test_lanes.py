"""Each module runs in one lane, and failed tests run once more, alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import suite
from tests.lanes import lane
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
TEXT = """
import os

def test_fine():
    pass

def test_patience():
    assert "PYTEST_XDIST_WORKER" not in os.environ

def test_broken():
    assert {fine}
"""


WHERE = """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(6))
def test_lane(number):
    with pathlib.Path(__file__).with_suffix(".lanes").open("a") as lanes:
        lanes.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""
Run = Callable[[str], tuple[int, Path]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a module as `make test` does: the status, and the module."""
    module = tmp_path / "test_lanes_here.py"
    options = f"-c {ROOT / 'pyproject.toml'} --rootdir {tmp_path} -o cache_dir={tmp_path / 'cache'}"
    monkeypatch.setenv("PYTEST_ADDOPTS", options)
    # Of the lane that this test runs in itself.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def run(text: str) -> tuple[int, Path]:
        module.write_text(text)
        return suite.run(ROOT, (), [str(module)], {}), module

    return run


@pytest.mark.parametrize(("fine", "status"), [(True, 0), (False, 1)])
def test_a_failed_test_is_decided_by_a_second_run_alone(
    fine: bool, status: int, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(TEXT.format(fine=fine))[0] == status
    printed = capfd.readouterr()
    assert "run again, alone" in printed.err
    last = printed.out.strip().splitlines()[-1]
    assert ("1 passed" in last) if fine else ("1 failed, 1 passed" in last), printed.out


def test_the_tests_of_a_module_run_in_one_lane(run: Run) -> None:
    status, module = run(WHERE)
    assert status == 0
    lanes = module.with_suffix(".lanes").read_text().split()
    assert len(lanes) == 6
    assert len(set(lanes)) == 1


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (
            "integration/test_job_failures.py::test",
            "integration/test_fleet_scenarios.py::t[x]",
            True,
        ),
        ("integration/test_job_failures.py::test_a", "e2e/test_channel.py::test_b", True),
        ("infra/test_module.py::test_a", "infra/test_costs_counted.py::test_b", True),
        ("unit/worker/test_a.py::test", "unit/worker/test_b.py::test", False),
        ("integration/test_job_failures.py::test_a", "integration/test_rig_cli.py::test_b", False),
        ("integration/test_job_failures.py::test_a", "docker/test_docker_images.py::test_b", False),
        ("integration/emulator/test_a.py::test", "integration/emulator/test_b.py::test", False),
    ],
)
def test_modules_that_share_a_stack_or_a_slow_fixture_share_a_lane(
    first: str, second: str, together: bool
) -> None:
    assert (lane(f"tests/{first}") == lane(f"tests/{second}")) is together
