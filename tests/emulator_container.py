"""The image `emulator` by testcontainers, hardened as docker-compose.yml hardens it."""

import socket

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HealthcheckWaitStrategy

IMAGE = "discord-diffusion/emulator"
LOOPBACK = "127.0.0.1"
REGION = "us-east-1"


class EmulatorContainer(DockerContainer):
    """The emulated AWS on a port of this machine, the same inside: it hands out addresses.

    Tasks of ECS services do not run in it: it has no engine to start them with.
    """

    def __init__(self) -> None:
        super().__init__(IMAGE)
        self.port = _free_port()
        self.with_env("EMULATOR_PORT", str(self.port))
        self.with_kwargs(
            init=True,
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mem_limit="3g",
        )
        self.with_tmpfs_mount("/state", "exec,uid=10001,gid=10001,mode=0700,size=1g")
        self.with_tmpfs_mount("/tmp", "size=256m,mode=1777")
        self.ports = {f"{self.port}/tcp": (LOOPBACK, self.port)}
        self.waiting_for(HealthcheckWaitStrategy().with_startup_timeout(120))

    @property
    def endpoint(self) -> str:
        """Where AWS's SDKs reach it."""
        return f"http://{LOOPBACK}:{self.port}"

    def client_options(self) -> dict[str, str]:
        """Keyword arguments of `boto3.client`."""
        return {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
