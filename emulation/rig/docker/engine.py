"""This machine's Docker engine: its socket, and the NVIDIA GPUs that containers can use."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from emulation.rig.errors import StartError
from toolchain import docker
from toolchain.errors import DockerError

_DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_DEVICES = Path("/sys/bus/pci/devices")
_NVIDIA, _DISPLAY = "0x10de", "0x03"
"""https://pci-ids.ucw.cz/read/PC/10de and https://pci-ids.ucw.cz/read/PD/03"""
_QUERY = "index,name,memory.total,driver_version"


@dataclass(frozen=True)
class Gpu:
    """One GPU as the driver describes it; memory in MiB."""

    index: str
    name: str
    memory_mib: int
    driver: str


def gpus() -> list[Gpu]:
    """The GPUs that `nvidia-smi` lists; none where there is no driver."""
    words = ["nvidia-smi", f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"]
    try:
        ended = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parsed(ended.stdout) if ended.returncode == 0 else []


def parsed(listed: str) -> list[Gpu]:
    """Read the lines of `nvidia-smi --format=csv,noheader,nounits`."""
    rows = [[cell.strip() for cell in line.split(",")] for line in listed.splitlines()]
    return [Gpu(row[0], row[1], int(row[2]), row[3]) for row in rows if len(row) == 4]


def is_built_in(devices: Path = _DEVICES) -> bool:
    """Whether an NVIDIA display controller is on this machine's PCI bus, driver or not."""
    for device in devices.glob("*"):
        with suppress(OSError):
            vendor, kind = ((device / name).read_text().strip() for name in ("vendor", "class"))
            if vendor == _NVIDIA and kind.startswith(_DISPLAY):
                return True
    return False


def has_toolkit() -> bool:
    """Whether the engine knows NVIDIA's runtime or its devices (CDI)."""
    try:
        info = json.loads(docker.run("info", "--format", "{{json .}}"))
    except (DockerError, ValueError):
        return False
    devices = [str(device.get("ID", "")) for device in info.get("DiscoveredDevices") or []]
    return "nvidia" in (info.get("Runtimes") or {}) or any("nvidia" in device for device in devices)


def usable_gpus() -> list[str]:
    """Numbers of the GPUs that a container can be given; none where it can be given none."""
    found = gpus()
    return [gpu.index for gpu in found] if found and has_toolkit() else []


def socket_path() -> Path:
    """The engine's socket on this machine, for a container that starts others.

    Raises:
        StartError: the engine is elsewhere, and no container could be given its socket.
    """
    address = os.environ.get("DOCKER_HOST") or _DEFAULT_SOCKET
    if not address.startswith("unix://"):
        raise StartError(f"The fleet needs an engine on this machine, and DOCKER_HOST is {address}")
    # Not removeprefix: `make doctor` runs on Python 3.8.
    return Path(address[len("unix://") :] if address.startswith("unix://") else address)


def socket_group(socket: Path) -> str:
    """The group that may use the socket; inside Docker Desktop's machine that is root's."""
    try:
        found = socket.stat()
    except OSError:
        return "0"
    return str(found.st_gid) if stat.S_ISSOCK(found.st_mode) else "0"
