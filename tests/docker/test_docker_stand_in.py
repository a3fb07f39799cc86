"""The image of the stand-in alone serves, without rights and on a read-only file system."""

import os
from collections.abc import Iterator

import pytest
from engine_facts import ROOT, Image

from emulation.rig.loopback import answers, choose_port
from emulation.rig.waiting import wait_until
from toolchain import docker

IMAGE = "discord-stand-in"
BASE = "PYTHON_3_11"
"""Another base image than the Dockerfile's, where that can't be pulled (docker/base-images.sh)."""


@pytest.fixture(scope="module")
def image() -> Image:
    argument = [f"--build-arg={BASE}={os.environ[BASE]}"] if os.environ.get(BASE) else []
    file = f"--file={ROOT / 'docker' / 'stand-in.Dockerfile'}"
    words = ("build", "--quiet", file, f"--tag={IMAGE}", *argument, str(ROOT))
    docker.run(*words, timeout=600)
    return Image(IMAGE)


@pytest.fixture
def url(image: Image) -> Iterator[str]:
    port = choose_port()
    address = f"http://127.0.0.1:{port}"
    hardened = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")
    published = f"--publish=127.0.0.1:{port}:8700"
    words = ("run", "--detach", *hardened, published, image.name, f"--public-url={address}")
    container = docker.run(*words).strip()
    yield address
    docker.run("rm", "--force", container)


def test_the_image_serves_the_page(url: str) -> None:
    wait_until(lambda: answers(f"{url}/healthz"), "the stand-in answers")
    assert answers(f"{url}/index.html")


def test_the_image_holds_no_rig_and_no_root(image: Image) -> None:
    assert image.config["Config"]["User"] == "stand-in"
    find = "from importlib.util import find_spec as f; print(f('emulation'), f('typer'))"
    assert image.run("python", "-c", find).strip() == "None None"
