"""Runs the whole suite of a target in two lanes, and then runs the failed tests again, alone.

Two processors are not always enough for the deadlines of two tests: a test fails if it fails alone.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests import lanes


def run(root: Path, words: Sequence[str], modules: Sequence[str], env: Mapping[str, str]) -> int:
    """Run modules in lanes, and failed tests again, alone; return pytest's last status."""
    status = run_pytest(root, [*words, *lanes.OPTIONS, *modules], env)
    if status == pytest.ExitCode.TESTS_FAILED:
        sys.stderr.write("\nThe tests that failed beside others are run again, alone:\n")
        again = ("--last-failed", "--last-failed-no-failures=none")
        return run_pytest(root, [*words, *again, *modules], env)
    return status


def run_pytest(root: Path, words: Sequence[str], env: Mapping[str, str]) -> int:
    """Run pytest in the checkout with more environment variables; return its status."""
    command = [sys.executable, "-m", "pytest", *words]
    return subprocess.run(command, cwd=root, env=os.environ | env, check=False).returncode
