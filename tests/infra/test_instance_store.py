"""The set-up of an instance's own disk at its first start, with stand-ins for the programs."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from toolchain.layout import Layout

SCRIPT = Layout.of_this_checkout().root / "infra" / "modules" / "fleet" / "instance_store.sh"
DISKS = "/dev/nvme0n1 Amazon Elastic Block Store\n/dev/nvme1n1 Amazon EC2 NVMe Instance Storage"
Boot = Callable[..., list[str]]


@pytest.fixture
def boot(tmp_path: Path) -> Boot:
    """Runs the script on a machine with disks; returns its calls of programs, then its output."""

    def run(disks: str, fails: str = "") -> list[str]:
        programs = tmp_path / "bin"
        programs.mkdir()
        calls = tmp_path / "calls"
        for name in ("mkfs.xfs", "mount", "systemctl"):
            line = f'echo "{name} $*" >>{calls}\n'
            ends = f'case "{name} $*" in "{fails or "nothing"}"*) exit 1 ;; esac\n'
            (programs / name).write_text(f"#!/bin/sh\n{line}{ends}")
        (programs / "lsblk").write_text(f"#!/bin/sh\nprintf '{disks}\\n'\n")
        for program in programs.iterdir():
            program.chmod(0o755)
        done = subprocess.run(
            ["bash", str(SCRIPT)],
            env={"PATH": f"{programs}:{os.environ['PATH']}", "ENGINE_DATA": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        started = calls.read_text().splitlines() if calls.exists() else []
        return [line.replace(str(tmp_path), "") for line in (*started, *done.stdout.splitlines())]

    return run


def test_images_are_stored_on_the_instance_store(boot: Boot) -> None:
    assert boot(DISKS) == [
        "systemctl stop docker.socket docker.service containerd.service",
        "mkfs.xfs -q -f /dev/nvme1n1",
        "mount -o noatime /dev/nvme1n1 /instance-store",
        "mount --bind /instance-store/docker /docker",
        "mount --bind /instance-store/containerd /containerd",
        "systemctl start containerd.service docker.service",
        "docker: images go to /dev/nvme1n1",
        "containerd: images go to /dev/nvme1n1",
    ]


def test_an_instance_without_instance_store_keeps_the_root_volume(boot: Boot) -> None:
    assert boot(DISKS.split("\n", maxsplit=1)[0]) == [
        "no instance store: images go to the root volume"
    ]


@pytest.mark.parametrize(
    "layers",
    ["docker/overlay2/0123", "containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1"],
)
def test_an_engine_with_images_stays_on_the_root_volume(
    boot: Boot, tmp_path: Path, layers: str
) -> None:
    (tmp_path / layers).mkdir(parents=True)
    assert boot(DISKS) == ["the engine holds images: they stay on the root volume"]


def test_an_engine_that_was_only_started_counts_as_empty(boot: Boot, tmp_path: Path) -> None:
    (tmp_path / "docker" / "overlay2" / "l").mkdir(parents=True)
    assert boot(DISKS)[-1] == "containerd: images go to /dev/nvme1n1"


@pytest.mark.parametrize("fails", ["mkfs.xfs", "mount"])
def test_the_engine_is_started_again_after_any_failure(boot: Boot, fails: str) -> None:
    *_, started, printed = boot(DISKS, fails)
    assert started == "systemctl start containerd.service docker.service"
    assert printed == "/dev/nvme1n1 cannot be used: images go to the root volume"


def test_an_engine_whose_folder_cannot_be_mounted_is_reported_as_such(boot: Boot) -> None:
    *_, started, first, second = boot(DISKS, "mount --bind")
    assert started == "systemctl start containerd.service docker.service"
    for engine, printed in (("docker", first), ("containerd", second)):
        assert printed == f"{engine}: cannot be put on /dev/nvme1n1: images go to the root volume"
