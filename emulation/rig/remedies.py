"""Commands that install or start what a machine lacks. Standard library only.

https://docs.docker.com/engine/install/
https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

MACOS = "Darwin"
_TOOLKIT = (
    "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html"
)
_DESKTOP = "brew install --cask docker-desktop"
_SYSTEMCTL = "systemctl"
_SYSTEMD = Path("/run/systemd/system")
"""Exists where systemd runs: https://www.freedesktop.org/software/systemd/man/sd_booted.html"""
_PERMISSION = "permission denied"


@dataclass(frozen=True)
class Machine:
    """What decides which command helps: `platform.system()`, and the programs that are there."""

    system: str
    programs: frozenset[str]

    @classmethod
    def this(cls, system: str) -> Machine:
        """The machine that this runs on."""
        asked = ["apt-get", "dnf", "ubuntu-drivers", "nvidia-ctk"]
        if _SYSTEMD.exists():
            asked.append(_SYSTEMCTL)
        return cls(system, frozenset(name for name in asked if shutil.which(name)))

    def docker(self) -> str:
        """Install Docker: engine, client, Compose and Buildx."""
        if self.system == MACOS:
            return _DESKTOP
        return "curl -fsSL https://get.docker.com | sudo sh"

    def engine(self, message: str) -> str:
        """Start an engine that is installed; `message` is what Docker's client printed."""
        if _PERMISSION in message.lower():
            return 'sudo usermod -aG docker "$USER", and log in again'
        if self.system == MACOS:
            return "open -a Docker"
        if _SYSTEMCTL in self.programs:
            return "sudo systemctl start docker"
        engine = "docker/engine.sh start build/engine && . build/engine/env"
        return f"sudo dockerd, or as root on a bare Debian: {engine}"

    def plugin(self, name: str) -> str:
        """Install a plugin of Docker's client."""
        if self.system == MACOS:
            return _DESKTOP
        installer = "dnf" if "dnf" in self.programs else "apt-get"
        return f"sudo {installer} install docker-{name}-plugin"

    def driver(self) -> str:
        """Install NVIDIA's driver for a GPU that is there."""
        if "ubuntu-drivers" in self.programs:
            return "sudo ubuntu-drivers install, and start the machine anew"
        if "apt-get" in self.programs:
            return "sudo apt-get install nvidia-driver, and start the machine anew"
        return "https://www.nvidia.com/drivers"

    def toolkit(self) -> str:
        """Let the engine give a GPU to containers."""
        configure = "sudo nvidia-ctk runtime configure --runtime=docker"
        if "nvidia-ctk" in self.programs:
            return f"{configure} && sudo systemctl restart docker"
        installer = "dnf" if "dnf" in self.programs else "apt-get"
        install = f"sudo {installer} install nvidia-container-toolkit"
        return f"{install} && {configure} (whose packages: {_TOOLKIT})"
