"""The images' locks are parts of the development lock: tests and images run the same versions."""

import re

import pytest

from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
PINNED = re.compile(r"^([a-z0-9._-]+==[^\s;\\]+)", re.MULTILINE)


def pins(path: str) -> set[str]:
    return set(PINNED.findall((ROOT / path).read_text()))


@pytest.mark.parametrize("lock", ["docker/worker.lock", "docker/rig.lock"])
def test_an_images_lock_is_part_of_the_development_lock(lock: str) -> None:
    assert pins(lock)
    assert pins(lock) - pins("requirements/development.lock") == set()


def test_the_worker_image_has_the_torch_that_is_tested_and_no_other() -> None:
    assert not [pin for pin in pins("docker/worker.lock") if pin.startswith("torch==")]
    dockerfile = (ROOT / "docker" / "worker.Dockerfile").read_text()
    assert "requirements/torch.txt" in dockerfile
