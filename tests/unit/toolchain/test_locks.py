"""Tests, images and the Lambda package run the same versions: all come from the project's lock."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from toolchain.commands import clean_environment
from toolchain.environments import uv_of
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
ALONE = ["--no-default-groups", "--no-emit-project"]
EXPORTED = {
    "docker/worker.lock": [*ALONE, "--extra", "worker", "--extra", "traces"],
    "docker/quantization.lock": ["--only-group", "quantization"],
    "docker/rig.lock": ["--no-default-groups", "--no-emit-local", "--extra", "emulation"],
    "infra/package/requirements.lock": ALONE,
}


def pins(lock: str) -> list[str]:
    """The lines of a lock but its comments."""
    return [line for line in lock.splitlines() if not line.strip().startswith("#")]


@pytest.mark.parametrize("path", EXPORTED)
def test_an_exported_lock_holds_what_the_projects_lock_does(path: str) -> None:
    words = ["export", "--quiet", "--frozen"]
    exported = subprocess.run(
        [uv_of(LAYOUT), *words, *EXPORTED[path]],
        cwd=LAYOUT.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert pins(exported)
    assert pins((LAYOUT.root / path).read_text()) == pins(exported), "run: make lock"


def test_the_stand_ins_own_image_has_what_it_needs_in_the_versions_of_the_rigs() -> None:
    own, rigs = (
        {line.split(" ")[0] for line in pins((LAYOUT.root / "docker" / f"{name}.lock").read_text())}
        for name in ("stand-in", "rig")
    )
    named = {line.partition("==")[0].lower() for line in own if "==" in line}
    project = tomllib.loads((LAYOUT.stand_in / "pyproject.toml").read_text())["project"]
    needed = {re.split("[>=<[]", one)[0].lower() for one in project["dependencies"]}
    assert needed <= named
    assert {line for line in own if "==" in line} <= rigs, "run: make lock"


def test_the_worker_image_has_the_torch_that_is_tested_and_no_other() -> None:
    locked = (LAYOUT.root / "docker" / "worker.lock").read_text()
    assert not [pin for pin in pins(locked) if pin.startswith("torch==")]
    dockerfile = (LAYOUT.root / "docker" / "worker.Dockerfile").read_text()
    assert "requirements/torch.txt" in dockerfile


def test_only_an_image_that_quantizes_pays_for_torchao() -> None:
    """Where it is installed, diffusers imports it at every start of a worker."""
    locked = pins((LAYOUT.root / "docker" / "worker.lock").read_text())
    assert not [pin for pin in locked if pin.startswith("torchao==")]
    dockerfile = (LAYOUT.root / "docker" / "worker.Dockerfile").read_text()
    assert "ARG QUANTIZATION=no" in dockerfile


def test_pypis_torch_and_all_that_it_needs_are_locked_with_hashes() -> None:
    (required,) = pins((LAYOUT.root / "requirements" / "torch.txt").read_text())
    locked = (LAYOUT.root / "docker" / "torch.lock").read_text()
    packages = [block for block in locked.replace("\\\n", "").splitlines() if block.strip()]
    assert [one.split()[0] for one in packages if one.startswith("torch==")] == [required]
    assert any(one.startswith("nvidia-") for one in packages)
    assert all(" --hash=sha256:" in one for one in packages)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ("pypi", "--require-hashes -r torch.lock"),
        ("cu130", "--torch-backend cu130 -r torch.txt"),
    ],
)
def test_the_image_takes_pypis_torch_by_its_hashes(tmp_path: Path, build: str, words: str) -> None:
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\necho "$*"\n')
    uv.chmod(0o755)
    called = subprocess.run(
        [
            LAYOUT.root / "docker" / "install_torch.sh",
            "out",
            build,
            tmp_path,
            "torch.txt",
            "torch.lock",
        ],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert called.strip() == f"pip install --quiet --target out {words}"
