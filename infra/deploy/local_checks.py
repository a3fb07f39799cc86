"""Checks of this machine's programs, and of the bot token."""

import shutil
import subprocess
from pathlib import Path

from infra.deploy.errors import RegistrationError
from infra.deploy.finding import Finding, bad, good, warning
from infra.deploy.registration import Application, Registrar
from infra.deploy.variables import UNKNOWN_APPLICATION, Deployment
from toolchain import terraform as terraform_program

_DOCKER = "Docker"
_WITHOUT_DOCKER = "Or build the image elsewhere and name it: --skip-image --image REFERENCE."
_SPACE_GB = 25
"""Disk space for the image's layers: the CUDA libraries are 8 GB unpacked, and are written twice
during the export."""
_APPLICATION = "Discord application"
_PORTAL = "https://discord.com/developers/applications"


def terraform(cache: Path) -> tuple[Finding, Path | None]:
    """Whether Terraform is installed, and the path of its program."""
    found = terraform_program.find(cache)
    if found is None:
        return bad("Terraform", "not found", "Run `make setup`, which fetches it."), None
    major, minor = terraform_program.version_of(found) or (0, 0)
    return good("Terraform", f"{major}.{minor} at {found}"), found


def docker(image: str | None, folder: Path) -> Finding:
    """Whether an image can be built here, unless `image` exists already."""
    if image is not None:
        return good(_DOCKER, f"not needed: the image is {image}")
    program = shutil.which("docker")
    if program is None:
        return bad(_DOCKER, "not found", _WITHOUT_DOCKER)
    words = [program, "version", "--format", "{{.Server.Version}}"]
    try:
        ended = subprocess.run(  # noqa: S603 - Docker, with words of our own
            words, capture_output=True, text=True, check=False, timeout=20
        )
    except subprocess.TimeoutExpired:
        return bad(_DOCKER, "it does not answer", _WITHOUT_DOCKER)
    if ended.returncode != 0:
        last_line = ended.stderr.strip().splitlines()[-1]
        return bad(_DOCKER, last_line, f"Start it. {_WITHOUT_DOCKER}")
    free = shutil.disk_usage(folder).free // 10**9
    found = f"{ended.stdout.strip()}, {free} GB of disk free"
    if free < _SPACE_GB:
        return warning(_DOCKER, found, f"Make room: the image takes about {_SPACE_GB} GB to build.")
    return good(_DOCKER, found)


def token_not_set() -> Finding:
    """No bot token is given, and without credentials nobody knows whether one was kept."""
    return warning(
        _APPLICATION,
        "DISCORD_BOT_TOKEN is not set; whether an earlier deployment kept a token, only the account"
        " says",
        f"For a first deployment copy it from {_PORTAL}, page Bot, and set DISCORD_BOT_TOKEN.",
    )


def application(
    api_url: str, token: str | None, deployment: Deployment | None
) -> tuple[Finding, Application | None]:
    """Whether the bot token belongs to the deployment's application, and that application.

    Without a `deployment`, whose variables are not valid, to any application.
    """
    if token is None:
        return bad(
            _APPLICATION,
            "no bot token: DISCORD_BOT_TOKEN is not set, and no earlier deployment kept one",
            f"Copy it from {_PORTAL}, page Bot, and set DISCORD_BOT_TOKEN.",
        ), None
    try:
        found = Registrar(api_url, token).application()
    except RegistrationError as error:
        to_do = f"Make a new token at {_PORTAL}, page Bot, and set it."
        return bad(_APPLICATION, str(error), to_do), None
    expected = deployment.discord_application_id if deployment else UNKNOWN_APPLICATION
    if expected not in (UNKNOWN_APPLICATION, found.id):
        return bad(
            _APPLICATION,
            f"the token is of application {found.id}, discord_application_id is {expected}",
            "Use the token of that application, or leave the id out: it is found by the token.",
        ), None
    if found.interactions_endpoint_url:
        return warning(
            _APPLICATION,
            f"{found.id}, which has the endpoint {found.interactions_endpoint_url}",
            "Nothing if that is this deployment; else its interactions will come here.",
        ), found
    return good(_APPLICATION, f"{found.id}, public key {found.verify_key[:8]}..."), found
