"""The stand-in in a container of the image `rig`, hardened as in docker-compose.yml."""

from testcontainers.core.container import DockerContainer

from tests.engine import NO_PROJECT

IMAGE = "discord-diffusion/rig"
LOOPBACK = "127.0.0.1"


class StandInContainer(DockerContainer):
    """A stand-in on a loopback port. It cannot reach servers that listen on this machine."""

    def __init__(self, port: int, *arguments: str) -> None:
        super().__init__(IMAGE)
        self.url = f"http://{LOOPBACK}:{port}"
        self.with_command(
            [
                *("discord_stand_in", "--host=0.0.0.0", f"--port={port}"),
                *(f"--public-url={self.url}", "--state-dir=/state", "--probe-interval=0"),
                *arguments,
            ]
        )
        self.with_kwargs(
            init=True,
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mem_limit="1g",
            labels=NO_PROJECT,
        )
        self.with_tmpfs_mount("/state", "uid=10001,gid=10001,mode=0700,size=1g")
        self.with_tmpfs_mount("/tmp", "size=64m,mode=1777")
        self.ports = {f"{port}/tcp": (LOOPBACK, port)}

    def terminate(self) -> None:
        """Send SIGTERM and wait until it has stopped."""
        self.get_wrapped_container().stop(timeout=10)

    def log(self) -> str:
        """Everything that it has logged."""
        return b"".join(self.get_logs()).decode(errors="replace")
