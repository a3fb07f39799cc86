"""The images: their sizes, their content, and what they must not contain."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from engine_facts import ROOT, Image

from infra.deploy import image_sizes

MEGABYTE = 1_000_000
# Without the base image: that is Debian's, and differs with how it was made.
BUDGET = {
    "discord-diffusion/worker:cpu": 1200,
    "discord-diffusion/emulator": 260,
    "discord-diffusion/rig": 120,
    "discord-diffusion/deploy": 950,
}
# The packages of ours in an image, and where the checkout has them.
WORKER = {"discord_diffusion.worker": "src/discord_diffusion/worker"}
EMULATOR = {"ecs_fleet_emulator": "emulation/aws/src/ecs_fleet_emulator"}
RIG = {
    "discord_stand_in": "emulation/discord/src/discord_stand_in",
    "discord_diffusion": "src/discord_diffusion",
    "emulation.rig": "emulation/rig",
}
PACKAGES = {
    "discord-diffusion/worker:cpu": WORKER,
    "discord-diffusion/emulator": EMULATOR,
    "discord-diffusion/rig": RIG,
    "discord-diffusion/deploy": {**RIG, "infra": "infra"},
}
HASHES = """
import hashlib, importlib.util, json, pathlib, sys
[root] = importlib.util.find_spec(sys.argv[1]).submodule_search_locations
sums = {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in pathlib.Path(root).rglob("*.py")}
print(json.dumps(sums))
"""
COMPILERS = ("cc", "gcc", "g++", "clang", "c99", "ld", "make", "rustc", "go")
SECRET = re.compile(r"(?i)(secret|token|password|passwd|credential|api_?key|private)")
SECRET_FILES = r".*/(\.env|\.netrc|\.git|\.aws|\.docker|\.npmrc|id_rsa|id_ed25519|.*\.pem\.key)"


def test_an_image_keeps_to_its_budget(image: Image) -> None:
    own = sum(size for size, made_by in image.layers() if "buildkit" in made_by)
    assert own / MEGABYTE < BUDGET[image.name]


def test_each_part_of_the_worker_keeps_to_its_budget(worker_image: Image) -> None:
    parts = image_sizes.parts(worker_image.layers())
    assert all(part.megabytes > 0 for part in parts)
    assert [part for part in parts if part.over_budget] == []


def test_a_change_of_the_code_pulls_megabytes(worker_image: Image) -> None:
    sizes = []
    for size, made_by in worker_image.layers():
        sizes.append(size)
        if made_by.startswith("COPY src/discord_diffusion"):
            break
    assert 0 < sum(sizes) < 5 * MEGABYTE


def test_its_code_is_that_of_this_checkout(image: Image) -> None:
    """What is tested of it without containers (selection.ELSEWHERE) is true of the image, too."""
    for package, folder in PACKAGES[image.name].items():
        sums: dict[str, str] = json.loads(image.run("python", "-c", HASHES, package))
        assert sums == _sums(ROOT / folder), package


def _sums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.py")
    }


def test_nothing_runs_as_root(image: Image) -> None:
    assert image.config["Config"]["User"] not in ("", "0", "root")
    assert image.run("id", "-u").strip() == "10001"


def test_there_is_no_compiler_and_no_installer(image: Image) -> None:
    programs = " ".join((*COMPILERS, "pip", "pip3", "uv", "git", "curl", "wget"))
    found = image.run("sh", "-c", f"for one in {programs}; do command -v $one; done; true").split()
    # Official bases of Python hold pip, ours none.
    assert [one for one in found if not re.fullmatch(r"/usr/local/bin/pip3?", one)] == []


def test_there_is_no_secret(image: Image) -> None:
    config = image.config["Config"]
    assert [one for one in config["Env"] if SECRET.search(one.split("=", 1)[0])] == []
    built = [made_by for _, made_by in image.layers() if SECRET.search(made_by)]
    assert built == []
    search = f"find / -xdev -regextype posix-extended -regex '{SECRET_FILES}' 2>/dev/null; true"
    assert image.run("sh", "-c", search).split() == []


def test_every_image_has_a_health_check(image: Image) -> None:
    if image.name.split("/")[1] in ("rig", "deploy"):
        pytest.skip("docker-compose.yml knows which of its programs listens")
    assert image.config["Config"]["Healthcheck"]["Test"][0] == "CMD"


def test_the_bill_of_materials_is_what_is_installed(image: Image) -> None:
    if image.name.endswith("deploy"):
        pytest.skip("it is the rig's, with Terraform")
    materials: dict[str, Any] = json.loads(image.run("cat", "/sbom.cdx.json"))
    names = {one["name"]: one["version"] for one in materials["components"]}
    expected = {"worker:cpu": "torch", "emulator": "localstack-core", "rig": "fastapi"}
    assert materials["bomFormat"] == "CycloneDX"
    assert expected[image.name.split("/")[1]] in names
    assert "libc6" in names
    assert len(materials["components"]) == len({one["purl"] for one in materials["components"]})


def test_the_worker_loads_its_model_without_network_on_a_read_only_file_system(
    worker_image: Image,
) -> None:
    program = (
        "from diffusers import DiffusionPipeline as P;"
        "print(type(P.from_pretrained('/model')).__name__)"
    )
    assert worker_image.run("python", "-c", program).strip() == "StableDiffusionPipeline"
