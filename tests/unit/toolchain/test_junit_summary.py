"""The summary of a workflow's run says what failed and why, from the files that pytest writes."""

import os
import subprocess
import sys
from pathlib import Path

from tests.junit_summary import summary

TESTS = """
import pytest

def test_good(): pass

@pytest.mark.parametrize("one", ["a|b"])
def test_bad(one): assert one == "other", "the reason"

def test_left_out(): pytest.skip("not here")
"""


def test_what_failed_stands_in_the_summary_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    words = ["-q", "-p", "no:cacheprovider", "--junit-xml=junit/unit.xml", "test_some.py"]
    # Without the plug-ins of the environment, whose imports take seconds.
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", *words]
    subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=False)
    found = summary(tmp_path / "junit")
    assert found.splitlines()[2].startswith("| unit | 3 | 1 | 1 | ")
    failed = found.split("### Failed")[1].split("### Slowest")[0]
    assert "`test_some.test_bad[a\\|b]`" in failed
    assert "the reason" in failed
    assert "test_good" not in failed


def test_a_run_without_results_says_that_no_test_has_run(tmp_path: Path) -> None:
    assert "No test has reported" in summary(tmp_path / "junit")
