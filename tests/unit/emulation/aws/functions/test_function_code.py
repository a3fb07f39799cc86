"""A function's code has a fingerprint, and its runtime an interpreter."""

import json
import os
from pathlib import Path

import pytest

from ecs_fleet_emulator import launch
from ecs_fleet_emulator.errors import NoInterpreterError
from ecs_fleet_emulator.functions.environment import fingerprint
from ecs_fleet_emulator.functions.runtimes import LAMBDA_PYTHONS, NodeRuntime, runtime_of


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


PYTHONS = {LAMBDA_PYTHONS: json.dumps({"python3.13": "/venv/bin/python"})}


def test_a_runtime_is_run_by_the_configured_interpreter() -> None:
    assert runtime_of("python3.13", PYTHONS).interpreter == Path("/venv/bin/python")


@pytest.mark.parametrize("runtime", ["java21", "nodejs", None])
def test_a_runtime_without_an_interpreter_is_refused_by_name(
    runtime: str | None,
) -> None:
    with pytest.raises(NoInterpreterError, match=rf"{runtime}.*cannot run here.*python3\.13"):
        runtime_of(runtime, PYTHONS)


@pytest.mark.parametrize("runtime", ["nodejs18.x", "nodejs24.x"])
def test_functions_in_node_are_run_by_the_node_on_the_path(runtime: str, tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.touch(mode=0o755)
    found = runtime_of(runtime, {**PYTHONS, "PATH": f"/nowhere:{tmp_path}"})
    assert found == NodeRuntime(runtime, node)


def test_a_configured_node_goes_before_the_one_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "node").touch(mode=0o755)
    environment = {
        LAMBDA_PYTHONS: json.dumps({"nodejs22.x": "/opt/node22/bin/node"}),
        "PATH": str(tmp_path),
    }
    assert runtime_of("nodejs22.x", environment).interpreter == Path("/opt/node22/bin/node")
    assert runtime_of("nodejs24.x", environment).interpreter == tmp_path / "node"


@pytest.mark.parametrize("path", [{}, {"PATH": "/nowhere"}])
def test_a_runtime_of_node_without_a_node_says_what_to_install(path: dict[str, str]) -> None:
    with pytest.raises(NoInterpreterError, match=r"nodejs22\.x.*no `node`.*install Node\.js"):
        runtime_of("nodejs22.x", {**PYTHONS, **path})


def test_the_launcher_and_the_plug_in_use_the_same_variable() -> None:
    assert launch.LAMBDA_PYTHONS == LAMBDA_PYTHONS
