"""A function's code has a fingerprint, and its runtime an interpreter."""

import json
import os
from pathlib import Path

import pytest

from ecs_fleet_emulator import launch
from ecs_fleet_emulator.errors import NoInterpreterError
from ecs_fleet_emulator.functions.environment import (
    LAMBDA_PYTHONS,
    fingerprint,
    interpreter,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    package = tmp_path / "package"
    package.mkdir()
    (package / "module.py").write_text("x = 1")
    return tmp_path


def test_an_untouched_folder_keeps_its_fingerprint(folder: Path) -> None:
    assert fingerprint(folder) == fingerprint(folder)


def test_byte_code_does_not_change_the_fingerprint(folder: Path) -> None:
    before = fingerprint(folder)
    cache = folder / "package" / "__pycache__"
    cache.mkdir()
    (cache / "module.cpython-313.pyc").write_bytes(b"x")
    assert fingerprint(folder) == before


def test_new_changed_and_removed_files_change_the_fingerprint(folder: Path) -> None:
    module = folder / "package" / "module.py"
    fingerprints = {fingerprint(folder)}
    (folder / "new.py").write_text("")
    fingerprints.add(fingerprint(folder))
    module.write_text("x = 22")
    fingerprints.add(fingerprint(folder))
    os.utime(module, ns=(1, 1))
    fingerprints.add(fingerprint(folder))
    module.unlink()
    fingerprints.add(fingerprint(folder))
    assert len(fingerprints) == 5


def test_a_dangling_link_does_not_change_the_fingerprint(folder: Path) -> None:
    before = fingerprint(folder)
    (folder / "dangling").symlink_to(folder / "nowhere")
    assert fingerprint(folder) == before


def test_a_runtime_is_run_by_the_configured_interpreter() -> None:
    environment = {LAMBDA_PYTHONS: json.dumps({"python3.13": "/venv/bin/python"})}
    assert interpreter("python3.13", environment) == Path("/venv/bin/python")


@pytest.mark.parametrize("runtime", ["java21", None])
def test_a_runtime_without_an_interpreter_is_refused_by_name(
    runtime: str | None,
) -> None:
    environment = {LAMBDA_PYTHONS: json.dumps({"python3.13": "/venv/bin/python"})}
    with pytest.raises(NoInterpreterError, match=rf"{runtime}.*cannot run here.*python3\.13"):
        interpreter(runtime, environment)


def test_the_launcher_and_the_plug_in_use_the_same_variable() -> None:
    assert launch.LAMBDA_PYTHONS == LAMBDA_PYTHONS
