"""Runs the test modules of a target in lanes, each test once."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests import lanes

AT_A_TIME = 5


def run(
    root: Path,
    words: Sequence[str],
    modules: Sequence[str],
    env: Mapping[str, str],
    *,
    at_a_time: int = AT_A_TIME,
) -> int:
    """Run modules, so many tests at a time; return pytest's status."""
    return run_pytest(root, [*words, *lanes.options(at_a_time), *modules], env)


def run_pytest(root: Path, words: Sequence[str], env: Mapping[str, str]) -> int:
    """Run pytest in the checkout with more environment variables; return its status."""
    command = [sys.executable, "-m", "pytest", *words]
    return subprocess.run(command, cwd=root, env=os.environ | env, check=False).returncode
