"""What failed beside another test is run again alone, and is a failure only if it fails there."""

import sys
from pathlib import Path

import pytest

from emulation.bootstrap.layout import Layout
from tests.docker import __main__ as docker_tests

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


@pytest.mark.parametrize(("fine", "status"), [(True, 0), (False, 1)])
def test_a_second_attempt_alone_decides(
    fine: bool,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    module = tmp_path / "test_lanes_here.py"
    module.write_text(TEXT.format(fine=fine))
    options = f"-c {ROOT / 'pyproject.toml'} --rootdir {tmp_path} -o cache_dir={tmp_path / 'cache'}"
    monkeypatch.setenv("PYTEST_ADDOPTS", options)
    monkeypatch.setattr(sys, "argv", ["tests.docker"])
    monkeypatch.setattr(docker_tests, "modules", lambda _root: [str(module)])
    monkeypatch.setattr(docker_tests.client, "answers", lambda *_: True)
    monkeypatch.setattr(docker_tests.Compose, "build", lambda *_: None)
    assert docker_tests.main() == status
    told = capfd.readouterr()
    assert "run again, alone" in told.err
    last = told.out.strip().splitlines()[-1]
    assert ("1 passed" in last) if fine else ("1 failed, 1 passed" in last), told.out
