"""On a machine without an engine, the commands that need one say so and fail."""

import os
import subprocess
import sys
from pathlib import Path

from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
NO_ENGINE = "No Docker engine answers, so nothing was tested. See: make doctor"


def run(*words: str, **changes: str) -> "subprocess.CompletedProcess[str]":
    """Run a command on a machine without an engine."""
    env = os.environ | {"DOCKER_HOST": "unix:///nowhere/docker.sock"} | changes
    return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_without_an_engine_the_tests_print_one_line_and_exit_with_3() -> None:
    ended = run(sys.executable, "-m", "tests.docker")
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "", f"{NO_ENGINE}\n")


def test_without_an_engine_make_prints_the_line_and_fails() -> None:
    ended = run("make", "--no-print-directory", "PYTHON=true", "test-docker")
    assert ended.returncode == 2, "what make ends with whatever a command ended with"
    message, makes_own = ended.stderr.splitlines()
    assert message == NO_ENGINE
    assert makes_own.endswith("Error 3")


def test_an_engine_that_cannot_be_started_is_reported_in_one_line_with_status_3(
    tmp_path: Path,
) -> None:
    # Nobody's programs: neither root's nor Debian's.
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "mkdir", "sed"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    (tools / "id").write_text("#!/bin/sh\necho 1000\n")
    (tools / "id").chmod(0o755)
    script, folder = str(ROOT / "docker" / "engine.sh"), str(tmp_path / "engine")
    ended = run("bash", script, "start", folder, PATH=str(tools))
    assert ended.returncode == 3
    assert ended.stderr == (
        "No Docker engine answers, and none can be started here: that takes root\n"
    )
