"""The compose project of one stack: docker-compose.yml with the fleet of docker/fleet.yml."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from emulation.rig.state import DEFAULT_STATE_DIR, StateFolder
from toolchain import docker

FILES = ("docker-compose.yml", "docker/fleet.yml")
PROJECT = "discord-diffusion"
"""The name in docker-compose.yml: that of a checkout's own stack."""
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
_MADE_BY_COMPOSE = "com.docker.compose.config-hash"
"""Only containers have it: the other two labels are on images too, and on what runs those."""
_BUILD_SECONDS = 3600.0
_UP_SECONDS = 900.0
_DOWN_SECONDS = 180.0


def project_of(root: Path, folder: StateFolder) -> str:
    """The compose project of a stack: each folder but the default one has a project of its own."""
    if folder.path == (root / DEFAULT_STATE_DIR).resolve():
        return PROJECT
    return f"{PROJECT}-{sha256(str(folder.path).encode()).hexdigest()[:8]}"


def containers(project: str, service: str | None = None, *, running: bool = False) -> list[str]:
    """Ids of the containers that Compose made for a project, of one service or of all."""
    labels = [_MADE_BY_COMPOSE, f"{PROJECT_LABEL}={project}"]
    if service:
        labels.append(f"{SERVICE_LABEL}={service}")
    return docker.containers_with(*labels, running=running)


@dataclass(frozen=True)
class Compose:
    """Runs `docker compose` on one project; `settings` are the variables that its files name."""

    root: Path
    project: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def build(self, *services: str) -> None:
        """Build the images of services, whatever their profiles.

        They are built as the default project, whose name Compose writes into them: built as each
        stack's own, the same images would be made once more for each stack.

        Raises:
            DockerError: with the end of what the builder printed.
        """
        profiles = ("--profile", "cpu", "--profile", "gpu")
        builder = replace(self, project=PROJECT)
        builder._run(*profiles, "build", "--quiet", *services, timeout=_BUILD_SECONDS)

    def up(self, *services: str) -> None:
        """Start services, all unless some are named, and wait until they are healthy.

        The deployment has ended then.

        Raises:
            DockerError: with what compose and the deployment printed last.
        """
        self._run("up", "--wait", "--detach", *services, timeout=_UP_SECONDS)

    def down(self) -> None:
        """Remove the project's containers, networks and volumes.

        Raises:
            DockerError: something is left.
        """
        words = ("--profile", "cpu", "--profile", "gpu", "down", "--volumes", "--remove-orphans")
        self._run(*words, timeout=_DOWN_SECONDS)

    def logs(self, service: str) -> str:
        """The last lines that a service printed."""
        return self._run("logs", "--no-color", "--no-log-prefix", "--tail", "30", service)

    def words(self, *words: str) -> list[str]:
        """The whole command after `docker`."""
        files = [word for name in FILES for word in ("--file", str(self.root / name))]
        base = ["compose", "--project-directory", str(self.root), *files]
        return [*base, "--project-name", self.project, *words]

    def environment(self) -> dict[str, str]:
        """Its environment: without the person's profiles, since the fleet starts the workers."""
        return {**os.environ, "COMPOSE_PROFILES": "", **self.settings}

    def _run(self, *words: str, timeout: float = 60.0) -> str:
        return docker.run(*self.words(*words), env=self.environment(), timeout=timeout)
