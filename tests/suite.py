"""Runs the test modules of a target in lanes, each test once."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests import lanes

AT_A_TIME = 5
REPEAT_FAILED_TESTS = "REPEAT_FAILED_TESTS"


def run(
    root: Path,
    words: Sequence[str],
    modules: Sequence[str],
    env: Mapping[str, str],
    *,
    at_a_time: int = AT_A_TIME,
) -> int:
    """Run modules, so many tests at a time; return pytest's status.

    With REPEAT_FAILED_TESTS in the environment, as in CI, tests that failed run once more, alone.
    """
    status = run_pytest(root, [*words, *lanes.options(at_a_time), *modules], env)
    if status == pytest.ExitCode.TESTS_FAILED and os.environ.get(REPEAT_FAILED_TESTS):
        sys.stderr.write(
            "\nThe tests above failed beside others: each is a defect, of the test or of the "
            "product.\nWhether it is one that shows only on a busy machine is seen now, alone:\n"
        )
        again = ("--last-failed", "--last-failed-no-failures=none")
        return run_pytest(root, [*words, *again, *modules], env)
    return status


def run_pytest(root: Path, words: Sequence[str], env: Mapping[str, str]) -> int:
    """Run pytest in the checkout with more environment variables; return its status."""
    command = [sys.executable, "-m", "pytest", *words]
    return subprocess.run(command, cwd=root, env=os.environ | env, check=False).returncode
