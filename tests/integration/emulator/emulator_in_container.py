"""The emulator and its tasks as containers: target `docker`."""

import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from running_emulator import Emulator
from small_fleet import IMAGE, WORKER

from ecs_fleet_emulator.launch import EmulatorConfig, Tasks
from emulation.rig.waiting import wait_until
from tests.emulator_container import EmulatorContainer
from toolchain import docker

STATE = Path("/state")
PYTHON = Path("/opt/lambda/bin/python")
"""Paths in the image."""
BASE = "discord-diffusion/rig"
"""The base image of tasks: Python, and a user that is not root."""
NANOSECONDS = 1_000_000_000
STOP_SECONDS = 15.0


class EmulatorInContainer(Emulator):
    """A running emulator in a container."""

    def __init__(self, folder: Path, port: int, tasks: Tasks | None, *, enforces_iam: bool) -> None:
        if tasks is not None:
            make_task_image()
        name = f"test-{sha256(str(folder).encode()).hexdigest()[:8]}"
        self._container = EmulatorContainer(
            port, tasks, folder.parent, name, enforces_iam=enforces_iam
        )
        try:
            self._container.start()
        except BaseException:
            self._container.stop()
            raise
        self._id = self._container.get_container_id()
        super().__init__(
            EmulatorConfig(
                emulator_python=PYTHON,
                lambda_pythons={"python3.13": PYTHON},
                port=self._container.port,
                state_dir=STATE,
                tasks=tasks or Tasks(),
                enforces_iam=enforces_iam,
            )
        )

    @property
    def host_address(self) -> str:
        form = "{{(index .IPAM.Config 0).Gateway}}"
        return docker.run("network", "inspect", "--format", form, "bridge").strip()

    @property
    def exit_status(self) -> int | None:
        state = self._state()
        return None if state["Running"] else int(state["ExitCode"])

    def printed(self) -> str:
        return b"".join(self._container.get_logs()).decode(errors="replace")

    def addresses(self) -> list[tuple[str, int]]:
        self._wrapped.reload()
        bindings = [b for ports in self._wrapped.ports.values() for b in ports or ()]
        return [(b["HostIp"], int(b["HostPort"])) for b in bindings]

    def cpu_seconds(self) -> float:
        used = self._wrapped.stats(stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]
        return float(used["total_usage"]) / NANOSECONDS

    def runs(self, pid: int) -> bool:
        return self.exit_status is None and self._succeeds(f"test -d /proc/{pid}")

    def kill_function(self, pid: int) -> None:
        assert self._succeeds(f"kill -9 {pid}")
        wait_until(lambda: not self.runs(pid), "the process is gone")

    def task_environment(self, shown: dict[str, Any]) -> dict[str, str]:
        container = self._container.task_containers()[shown["task"]]
        variables = docker.run("inspect", "--format", "{{json .Config.Env}}", container)
        return dict(variable.split("=", 1) for variable in json.loads(variables))

    def task_watch(self, shown: dict[str, Any]) -> Callable[[], bool]:
        return lambda: shown["task"] in self._container.task_containers()

    def kill(self) -> None:
        self._wrapped.kill()
        self._wrapped.wait()

    def stop(self) -> None:
        if self.exit_status is None:
            self._wrapped.stop(timeout=int(STOP_SECONDS))
        wait_until(lambda: not self._container.task_containers(), "no task is left", STOP_SECONDS)

    def remove(self) -> None:
        self._container.stop()

    @property
    def _wrapped(self) -> Any:
        return self._container.get_wrapped_container()

    def _state(self) -> dict[str, Any]:
        self._wrapped.reload()
        found: dict[str, Any] = self._wrapped.attrs["State"]
        return found

    def _succeeds(self, command: str) -> bool:
        """Whether a shell command succeeds in the container."""
        return bool(self._container.exec(["sh", "-c", command]).exit_code == 0)


@cache
def make_task_image() -> None:
    """Build the image of tasks that run WORKER."""
    inside = f"/opt/{WORKER.name}"
    container = docker.run("create", BASE).strip()
    try:
        docker.run("cp", str(WORKER), f"{container}:{inside}")
        entry = f'ENTRYPOINT ["python", "{inside}"]'
        docker.run("commit", "--change", entry, container, IMAGE)
    finally:
        docker.run("rm", container)
