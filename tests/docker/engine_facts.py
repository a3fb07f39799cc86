"""Facts about an image, from the engine and from a container of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain import docker

ROOT = Path(__file__).resolve().parents[2]
IMAGES = {
    "worker": "discord-diffusion/worker:cpu",
    "emulator": "discord-diffusion/emulator",
    "rig": "discord-diffusion/rig",
    "deploy": "discord-diffusion/deploy",
}


@dataclass(frozen=True)
class Image:
    """An image, inspected from outside and from a container without network."""

    name: str

    @property
    def config(self) -> dict[str, Any]:
        """The output of `docker image inspect`."""
        found: list[dict[str, Any]] = json.loads(docker.run("image", "inspect", self.name))
        return found[0]

    def layers(self) -> list[tuple[int, str]]:
        """The size in bytes and the command of each layer, the newest first."""
        form = "{{.Size}}\t{{.CreatedBy}}"
        printed = docker.run("history", "--no-trunc", "--human=false", "--format", form, self.name)
        rows = [line.split("\t", 1) for line in printed.splitlines()]
        return [(int(size), made_by) for size, made_by in rows]

    def run(self, *words: str) -> str:
        """The output of a command in a container of the image."""
        program, *rest = words
        return docker.run(
            *("run", "--rm", "--network", "none", "--read-only", "--entrypoint", program),
            *(self.name, *rest),
            timeout=300,
        )
