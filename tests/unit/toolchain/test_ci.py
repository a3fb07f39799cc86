"""What CI runs, with programs of the test in place of make, Docker and the package manager."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root


@pytest.mark.parametrize(
    ("failing", "docker", "status", "steps"),
    [
        ("none", 0, 0, ["set-up", "lint", "suite", "packages", "docker"]),
        ("none", 3, 0, ["set-up", "lint", "suite", "packages", "docker"]),
        ("none", 1, 1, ["set-up", "lint", "suite", "packages", "docker"]),
        ("lint", 0, 2, ["set-up", "lint"]),
        ("test", 0, 2, ["set-up", "lint", "suite"]),
    ],
)
def test_each_step_and_the_whole_are_timed_even_if_a_step_fails(
    tmp_path: Path, failing: str, docker: int, status: int, steps: list[str]
) -> None:
    programs = {
        "bin/make": f'echo "make $*"; [ "$1" != {failing} ] || exit 2',
        "bin/apt-get": "exit 0",
        ".ci/docker": f"exit {docker}",
    }
    for name, script in programs.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    ended = subprocess.run(
        [tmp_path / ".ci/run"],
        env=os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == status, ended.stderr
    printed = ended.stdout.splitlines()
    timed = [line.split()[1] for line in printed if line.startswith("Step ")]
    assert timed == steps
    head = printed.index("Where the time went, in seconds:")
    assert [line.split()[0] for line in printed[head + 1 :]] == [*steps, "total"]
    assert "make --no-print-directory local-down" in printed
    assert ("not tested" in ended.stdout) == (docker == 3)
