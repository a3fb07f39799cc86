"""Programs on this machine."""

import shutil
import subprocess
from pathlib import Path

from infra.deploy.checks.finding import Finding, bad, good, warning
from toolchain import terraform as bootstrap

_DOCKER = "Docker"
_SPACE_GB = 25
"""Room for the layers of the image: CUDA's libraries are 8 GB unpacked, twice while they are
exported."""


def terraform(cache: Path) -> tuple[Finding, Path | None]:
    """The finding, and the program."""
    found = bootstrap.find(cache)
    if found is None:
        return bad("Terraform", "not found", "Run `make setup`, which fetches it."), None
    major, minor = bootstrap.version_of(found) or (0, 0)
    return good("Terraform", f"{major}.{minor} at {found}"), found


def docker(image: str | None, folder: Path) -> Finding:
    """Whether an image can be built here, unless there is one already."""
    if image is not None:
        return good(_DOCKER, f"not needed: the image is {image}")
    program = shutil.which("docker")
    if program is None:
        return bad(_DOCKER, "not found", _without())
    words = [program, "version", "--format", "{{.Server.Version}}"]
    try:
        ended = subprocess.run(  # noqa: S603 - Docker, with words of our own
            words, capture_output=True, text=True, check=False, timeout=20
        )
    except subprocess.TimeoutExpired:
        return bad(_DOCKER, "it does not answer", _without())
    if ended.returncode != 0:
        return bad(_DOCKER, ended.stderr.strip().splitlines()[-1], f"Start it. {_without()}")
    free = shutil.disk_usage(folder).free // 10**9
    found = f"{ended.stdout.strip()}, {free} GB of disk free"
    if free < _SPACE_GB:
        return warning(_DOCKER, found, f"Make room: the image takes about {_SPACE_GB} GB to build.")
    return good(_DOCKER, found)


def _without() -> str:
    return "Or build the image elsewhere and name it: --skip-image --image REFERENCE."
