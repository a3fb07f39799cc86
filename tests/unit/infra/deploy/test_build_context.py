"""The build context of the images contains no file in which a person keeps a secret."""

import shutil
from pathlib import Path

import pytest
from docker.utils.build import exclude_paths

from infra.deploy import image
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
CANARY = "canary-of-the-bot-token"
# Files in which people keep tokens, and files of a deployment.
HIDING_PLACES = (
    ".env",
    "docker/.env",
    "src/discord_diffusion/.env",
    "src/discord_diffusion/functions/.env.local",
    "infra/aws.tfvars",
    "infra/backend.hcl",
    ".deployments/bot-prod-eu-central-1/terraform.tfstate",
    ".deployments/bot-prod-eu-central-1/deploy.log",
    ".git/config",
    "fixtures/discord/token",
)


def context(folder: Path, dockerfile: str) -> set[str]:
    """The files in the build context of a folder, by Docker's own rules."""
    lines = (folder / f"{dockerfile}.dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    found = exclude_paths(str(folder), patterns)
    return {name for name in found if (folder / name).is_file()}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the canary in every file that may contain a token."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("docker", "emulation", "fixtures", "infra", "requirements", "src", "toolchain"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".terraform*")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in HIDING_PLACES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CANARY)
    return folder


@pytest.mark.parametrize("dockerfile", ["docker/worker.Dockerfile", "docker/emulator.Dockerfile"])
def test_no_token_gets_into_the_build_context_of_an_image(checkout: Path, dockerfile: str) -> None:
    found = context(checkout, dockerfile)
    assert len(found) > 10
    assert not [name for name in found if CANARY.encode() in (checkout / name).read_bytes()]


def test_every_file_of_the_workers_build_context_counts_for_its_tag(checkout: Path) -> None:
    counted = {str(path.relative_to(checkout)) for path in image.WorkerImage(checkout, {})._files()}
    assert context(checkout, "docker/worker.Dockerfile") <= counted
