"""What is fetched is named by its digest or its commit."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
COMMIT = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def test_every_action_of_a_workflow_is_named_by_its_commit() -> None:
    described = [*(ROOT / ".github").rglob("*.y*ml"), *(ROOT / "docs").glob("*workflow*.md")]
    used = [
        line.split("uses:")[1].strip()
        for path in described
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert used
    ours = {one for one in used if one.startswith("./")}
    assert [one for one in ours if not (ROOT / one / "action.yml").is_file()] == []
    assert [one for one in used if one not in ours and not COMMIT.fullmatch(one)] == []


def test_what_is_pinned_is_renewed() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    kinds = {update["package-ecosystem"]: update for update in updates}
    assert {"github-actions", "docker", "uv", "npm"} <= kinds.keys()
    locks = {path.parent for path in ROOT.glob("uv.lock")} | {
        path.parent
        for folder in ("docs", "emulation", "infra")
        for path in ROOT.glob(f"{folder}/**/uv.lock")
    }
    assert {ROOT / one.lstrip("/") for one in kinds["uv"]["directories"]} == locks


def named_images(folder: Path) -> dict[str, str]:
    """What each Dockerfile begins with, by file and argument."""
    return {
        f"{path.name} {argument}": image
        for path in folder.glob("*.Dockerfile")
        for argument, image in re.findall(r"^ARG (\w+)=(\S*[:@]\S*)$", path.read_text(), re.M)
    }


def test_every_image_that_a_dockerfile_begins_with_is_named_by_its_digest() -> None:
    for path in (ROOT / "docker").glob("*.Dockerfile"):
        stages = re.findall(r"^FROM \S+ AS (\S+)$", path.read_text(), re.M)
        begun = set(re.findall(r"^FROM (\S+)", path.read_text(), re.M)) - {"scratch", *stages}
        assert all(re.fullmatch(r"\$\{\w+\}|base-\$\{BASE\}", one) for one in begun), begun
    images = named_images(ROOT / "docker")
    assert len(images) >= 4
    digest = re.compile(r"\S+:\S+@sha256:[0-9a-f]{64}")
    assert [one for one in images.items() if not digest.fullmatch(one[1])] == []


def run_with_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, docker: str, script: str, *words: str
) -> subprocess.CompletedProcess[str]:
    """Run a script of a copy of docker/ with a program `docker` of the test's own."""
    shutil.copytree(ROOT / "docker", tmp_path / "docker")
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{docker}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    command = [str(tmp_path / "docker" / script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_make_pin_images_renews_every_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = "sha256:" + 64 * "a"
    ended = run_with_docker(tmp_path, monkeypatch, f"echo {new}", "pin-images.sh")
    assert ended.returncode == 0, ended.stderr
    before, after = named_images(ROOT / "docker"), named_images(tmp_path / "docker")
    assert after == {name: f"{image.split('@')[0]}@{new}" for name, image in before.items()}


def test_a_registry_that_gives_no_digest_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run_with_docker(tmp_path, monkeypatch, "echo sorry", "pin-images.sh")
    assert ended.returncode != 0
    assert named_images(tmp_path / "docker") == named_images(ROOT / "docker")


def test_a_machine_that_can_pull_builds_on_the_pinned_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    environment = tmp_path / "env"
    fake = f'echo "$@" >>{log}'
    ended = run_with_docker(tmp_path, monkeypatch, fake, "base-images.sh", str(environment))
    assert ended.returncode == 0, ended.stderr
    pulled = {line.split()[-1] for line in log.read_text().splitlines()}
    pythons = {one for one in named_images(ROOT / "docker").values() if one.startswith("python:")}
    assert pulled == pythons
    assert not environment.exists()


def test_a_machine_that_cannot_pull_tells_compose_the_images_that_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = tmp_path / "env"
    fake = '[ "$1" != pull ]'
    ended = run_with_docker(tmp_path, monkeypatch, fake, "base-images.sh", str(environment))
    assert ended.returncode == 0, ended.stderr
    found = dict(
        line.removeprefix("export ").split("=") for line in environment.read_text().splitlines()
    )
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for name, service in compose["services"].items():
        arguments = service.get("build", {}).get("args", {})
        wanted = {one for one in arguments if one.startswith("PYTHON_")}
        assert all(arguments[one] is None for one in wanted), name
        assert wanted <= found.keys()
    assert found == {
        "PYTHON_3_11": "python:3.11-slim-bookworm",
        "PYTHON_3_13": "python:3.13-slim-trixie",
    }
