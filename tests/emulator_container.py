"""The image `emulator` by testcontainers, hardened as docker-compose.yml hardens it."""

from pathlib import Path
from typing import Any

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HealthcheckWaitStrategy

from ecs_fleet_emulator.launch import IAM, Tasks
from emulation.rig.docker import engine
from emulation.rig.docker.stack import STACK_LABEL
from emulation.rig.loopback import choose_port
from tests.engine import NO_PROJECT, labelled
from toolchain import docker

IMAGE = "discord-diffusion/emulator"
LOOPBACK = "127.0.0.1"
REGION = "us-east-1"
TASK_LABEL = "com.amazonaws.ecs.task-arn"
SOCKET = "/run/docker.sock"
# Set by docker/fleet.yml for a stack's emulator.
TASK_STACK = "EMULATOR_TASK_STACK"


class EmulatorContainer(DockerContainer):
    """The emulated AWS on a port of this machine, and on the same port inside, for its URLs.

    With `tasks` it has the engine's socket and runs them as containers that carry the name `stack`,
    else none run. `shared` is a folder of this machine that it and its functions see under the same
    name.
    """

    def __init__(
        self,
        port: int = 0,
        tasks: Tasks | None = None,
        shared: Path | None = None,
        stack: str = "test-emulator",
        *,
        enforces_iam: bool = False,
    ) -> None:
        super().__init__(IMAGE)
        self.port = port or choose_port()
        self.stack = stack
        self.with_env("EMULATOR_PORT", str(self.port))
        self.with_env(IAM, "enforce" if enforces_iam else "")
        hardened: dict[str, Any] = {
            "init": True,
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "mem_limit": "6g",
            "labels": NO_PROJECT,
        }
        if tasks is not None:
            hardened["group_add"] = [self._give_engine(tasks)]
        self.with_kwargs(**hardened)
        self.with_tmpfs_mount("/state", "exec,uid=10001,gid=10001,mode=0700,size=1g")
        self.with_tmpfs_mount("/tmp", "size=256m,mode=1777")
        if shared:
            self.with_volume_mapping(shared, str(shared), "rw")
        self.ports = {f"{self.port}/tcp": (LOOPBACK, self.port)}
        self.waiting_for(HealthcheckWaitStrategy().with_startup_timeout(120))

    @property
    def endpoint(self) -> str:
        """The URL for AWS's SDKs."""
        return f"http://{LOOPBACK}:{self.port}"

    def client_options(self) -> dict[str, str]:
        """Keyword arguments of `boto3.client`."""
        return {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }

    def task_containers(self) -> dict[str, str]:
        """The id of a container of each of its tasks, running or not, by the task's id."""
        found = labelled(f"{STACK_LABEL}={self.stack}")
        return {one.labels[TASK_LABEL].rsplit("/", 1)[-1]: one.id for one in found}

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:
        """Remove the container, its tasks and their volumes."""
        super().stop(force, delete_volume)
        if TASK_STACK not in self.env:
            return
        if left := [one.id for one in labelled(f"{STACK_LABEL}={self.stack}")]:
            docker.run("rm", "--force", "--volumes", *left)
        volumes = docker.run("volume", "ls", "--quiet", "--filter", f"name={self.stack}_").split()
        if volumes:
            docker.run("volume", "rm", *volumes)

    def _give_engine(self, tasks: Tasks) -> str:
        """Give it the engine's socket; returns the group that may use it."""
        socket = engine.socket_path()
        self.with_volume_mapping(socket, SOCKET, "rw")
        self.with_envs(**tasks.variables())
        self.with_env(TASK_STACK, self.stack)
        self.with_env("DOCKER_HOST", f"unix://{SOCKET}")
        return engine.socket_group(socket)
