"""A stack in containers: its leftovers, and workers that tests start and end there."""

import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from emulation.rig.docker.compose import (
    PROJECT_LABEL,
    SERVICE_LABEL,
    Compose,
    containers,
)
from emulation.rig.docker.stack import STACK_LABEL
from emulation.rig.host.parts import TASK_LOGS
from emulation.rig.state import ProcessRecord, StackState
from emulation.rig.waiting import wait_until
from tests.engine import labelled, state_of
from toolchain import docker
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
IMAGE = "discord-diffusion/worker:cpu"
LABEL = "discord-diffusion.test-worker"
HEALTHY_SECONDS = 120.0
END_SECONDS = 20
# The log lies beside those of the fleet's tasks, where the telemetry reads it.
RUN = (
    'mkdir -p /stack/logs && set -a && . /stack/worker.env && eval "$CHANGES" &&'
    " exec python -m discord_diffusion.worker >>/stack/logs/$NAME.log 2>&1"
)


def start_worker(state: StackState, name: str, changes: dict[str, str]) -> ProcessRecord:
    """A worker's container in the stack's network; its process, as this machine sees it.

    A MODEL that is a folder of this machine is copied into the container.
    """
    model = Path(changes.get("MODEL", ""))
    inside = {"MODEL": f"/cache/{model.name}"} if model.is_dir() and changes.get("MODEL") else {}
    given = {**changes, **inside}
    exports = " ".join(f"{key}='{value}'" for key, value in given.items())
    container = docker.run(
        "create",
        *("--network", f"container:{service_container(state.project, 'emulator')}"),
        *("--volume", f"{state.project}_stack:/stack", "--tmpfs", "/tmp:mode=1777"),
        *("--label", f"{LABEL}={state.project}", "--label", f"{PROJECT_LABEL}={state.project}"),
        *("--label", f"{SERVICE_LABEL}=test-worker"),
        *("--env", f"NAME={name}", "--env", f"CHANGES={exports and 'export ' + exports}"),
        *("--entrypoint", "sh", IMAGE, "-c", RUN),
    ).strip()
    if inside:
        _copy_model(model, f"{container}:{inside['MODEL']}")
    docker.run("start", container)
    wait_until(
        lambda: state_of(container)["Health"]["Status"] == "healthy" or not _running(container),
        name,
        HEALTHY_SECONDS,
        lambda: last_lines(state, name),
    )
    assert _running(container), last_lines(state, name)
    pid = int(state_of(container)["Pid"])
    return ProcessRecord(name, pid, time.time(), container)


def end_worker(worker: ProcessRecord) -> None:
    """Have a worker end, and remove its container.

    Killed, it would leave a receive at the queue that takes the next test's job.
    """
    docker.run("stop", "--time", str(END_SECONDS), worker.log)
    docker.run("rm", "--force", "--volumes", worker.log)


def signal_worker(worker: ProcessRecord, number: int) -> None:
    """Send a signal to a worker."""
    docker.run("kill", "--signal", str(number), worker.log)


def is_running(worker: ProcessRecord) -> bool:
    """Whether a worker has not ended."""
    return _running(worker.log)


def task_logs(state: StackState) -> str:
    """The logs of the fleet's tasks."""
    telemetry = service_container(state.project, "telemetry")
    return docker.run("exec", telemetry, "sh", "-c", f"cat /stack/logs/{TASK_LOGS}")


def tasks(state: StackState) -> list[str]:
    """Names of the containers that the fleet agent has for its tasks."""
    return [str(one.name) for one in labelled(f"{STACK_LABEL}={state.project}")]


def plan_is_empty(state: StackState) -> bool:
    """Whether Terraform would change nothing, asked in a container beside the emulator."""
    compose = Compose(LAYOUT.root, state.project)
    answer = docker.run(
        *compose.words(
            "run", "--rm", "--no-deps", "terraform", "emulation.rig.docker.deploy", "plan"
        ),
        env=compose.environment(),
        timeout=300,
    )
    return "No changes" in answer


def leftovers(project: str) -> list[str]:
    """The names of a project's containers, volumes and networks on the engine."""
    kinds = (
        ("ps", "--all", PROJECT_LABEL, "{{.Names}}"),
        ("ps", "--all", STACK_LABEL, "{{.Names}}"),
        ("volume", "ls", PROJECT_LABEL, "{{.Name}}"),
        ("network", "ls", PROJECT_LABEL, "{{.Name}}"),
    )
    found: set[str] = set()
    for kind, verb, label, form in kinds:
        words = (kind, verb, "--filter", f"label={label}={project}", "--format", form)
        found |= set(docker.run(*words).split())
    return sorted(found)


def service_container(project: str, service: str) -> str:
    """Id of the container of a service."""
    return containers(project, service, running=True)[0]


def last_lines(state: StackState, name: str) -> str:
    """The end of what a worker printed."""
    telemetry = service_container(state.project, "telemetry")
    return docker.run("exec", telemetry, "tail", "-n", "15", f"/stack/logs/{name}.log")


def _copy_model(model: Path, target: str) -> None:
    """Copy a folder that may be its owner's alone, for the container's user to read."""
    with TemporaryDirectory() as folder:
        whole = Path(folder) / model.name
        shutil.copytree(model, whole)
        for path in (whole, *whole.rglob("*")):
            path.chmod(0o755)
        docker.run("cp", str(whole), target)


def _running(container: str) -> bool:
    return bool(state_of(container)["Running"])
