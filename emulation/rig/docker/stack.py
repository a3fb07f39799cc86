"""A stack in containers: start it, find the running one, and stop it."""

import json
import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from typing import Any

from emulation.rig.docker import engine
from emulation.rig.docker.compose import SERVICE_LABEL, Compose, containers, project_of
from emulation.rig.errors import RigError, StartError
from emulation.rig.loopback import choose_port, port_of
from emulation.rig.options import StackOptions
from emulation.rig.state import ProcessHealth, StackState, StateFolder
from emulation.rig.waiting import wait_until
from toolchain import docker
from toolchain.display import Display
from toolchain.errors import DockerError
from toolchain.layout import Layout

STACK_LABEL = "discord-diffusion.stack"
"""Of the containers of tasks (tasks/container_spec.py of the plug-in)."""
TARGET = "docker"
_TELEMETRY = "telemetry"
_DEPLOYMENT = "terraform"
_TASKS_SECONDS = 300.0
_SERVICES = ("emulator", "discord", _TELEMETRY)
_IMAGES = ("emulator", "discord", "terraform")
_WORKERS = {False: ("worker-cpu", "discord-diffusion/worker:cpu")}
_WORKERS[True] = ("worker", "discord-diffusion/worker:cuda")


def start(
    layout: Layout, folder: StateFolder, options: StackOptions, display: Display
) -> StackState:
    """Build the images, start the stack and wait for its first workers.

    Raises:
        RigError: there is no engine, or a part did not start; then nothing is left behind.
        DockerError: an image could not be built; nothing is left behind.
    """
    if not docker.answers("info"):
        raise StartError("No Docker engine answers. See: make doctor")
    if options.watch:
        raise StartError(
            "WATCH and DEBUG work with RUNTIME=host only: containers hold a copy of the code"
        )
    project = project_of(layout.root, folder)
    if _containers(project) and not _is_complete(project):
        # The containers share the network of the emulator's; a new emulator has another network.
        stop(layout, folder)
    gpus = engine.usable_gpus()
    service, image = _WORKERS[bool(gpus)]
    compose = Compose(layout.root, project, _settings(folder, options, gpus, image))
    try:
        kind = f"{len(gpus)} NVIDIA GPU" if gpus else "CPU: no NVIDIA GPU for containers here"
        display.run(f"images (workers: {kind})", lambda: compose.build(*_IMAGES, service))
        display.run("stack: start and deploy", lambda: _up(compose))
        state = find(project)
        if state is None:
            raise StartError("The stack came up without a state: docker compose logs terraform")
        minimum = min(options.fleet.minimum_tasks, options.fleet.maximum_tasks)
        display.run("fleet: tasks are ready", lambda: _wait_for_tasks(project, minimum))
    except BaseException:
        stop(layout, folder)
        raise
    state = replace(state, options=options.as_json())
    folder.save(state)
    return state


def stop(layout: Layout, folder: StateFolder) -> bool:
    """Remove the containers and volumes of the stack and its tasks; returns whether it had any."""
    project = project_of(layout.root, folder)
    existed = bool(_containers(project))
    if existed:
        compose = Compose(layout.root, project)
        with suppress(DockerError):  # fails while another container uses a volume
            compose.down()
        if tasks := docker.containers_with(f"{STACK_LABEL}={project}"):
            docker.run("rm", "--force", "--volumes", *tasks)
        compose.down()
    shutil.rmtree(folder.path, ignore_errors=True)
    return existed


def has_containers(layout: Layout, folder: StateFolder) -> bool:
    """Whether a stack that left no file here has containers."""
    try:
        return bool(_containers(project_of(layout.root, folder)))
    except DockerError:
        return False


def find(project: str) -> StackState | None:
    """The state of a project's stack, if one is deployed, however it was started."""
    found = containers(project, _TELEMETRY, running=True)
    if not found:
        return None
    content = json.loads(docker.run("exec", found[0], "cat", "/stack/stack.json"))
    return replace(StackState.from_json(content), project=project)


def parts(state: StackState) -> list[ProcessHealth]:
    """The containers of the stack and of its tasks, but not the one that deployed it."""
    found = []
    for container in json.loads(docker.run("inspect", *_containers(state.project))):
        labels, name = container["Config"]["Labels"], container["Name"].lstrip("/")
        if labels.get(SERVICE_LABEL) != _DEPLOYMENT:
            log = f"docker logs {name}"
            found.append(ProcessHealth(name, int(container["State"]["Pid"]), _runs(container), log))
    return sorted(found, key=lambda part: part.name)


def show_logs(state: StackState, name: str | None, lines: int, *, follow: bool) -> int:
    """Print the logs of a service, of a task's container, or of all services; the exit status."""
    options = ["--tail", str(lines), *(["--follow"] if follow else [])]
    names = [part.name for part in parts(state)]
    named = [found for found in names if name and name in found]
    if name and not named:
        raise RigError(f"There is no container {name}; there are: {', '.join(names)}")
    compose = Compose(Layout.of_this_checkout().root, state.project)
    logs = ["logs", *options]
    command = [*logs, named[0]] if named else compose.words(*logs)
    return subprocess.run(["docker", *command], check=False).returncode


def _settings(
    folder: StateFolder, options: StackOptions, gpus: list[str], image: str
) -> dict[str, str]:
    known = folder.load()
    kept = [known.aws_endpoint, known.discord_url] if known else ["", ""]
    aws = port_of(kept[0]) or choose_port(options.aws_port)
    discord = port_of(kept[1]) or choose_port(options.discord_port, taken=aws)
    socket = engine.socket_path()
    model = options.model
    chosen = {
        "AWS_PORT": str(aws),
        "DISCORD_PORT": str(discord),
        "REGION": options.region,
        "ENVIRONMENT": options.environment,
        "VARIABLES": json.dumps(dict(options.variables)),
        "MINIMUM_TASKS": str(options.fleet.minimum_tasks),
        "MAXIMUM_TASKS": str(options.fleet.maximum_tasks),
        "SPEED": str(options.fleet.speed),
        "VISIBILITY_TIMEOUT_SECONDS": str(options.visibility_timeout_seconds),
        "ANSWER_SECONDS": str(options.answer_seconds),
        "WORKER_IMAGE": image,
        "IAM": "enforce" if options.enforces_iam else "",
        "GPUS": json.dumps(gpus),
        "DOCKER_SOCKET": str(socket),
        "DOCKER_GID": engine.socket_group(socket),
    }
    if model:
        chosen |= {"MODEL": model.model, "SIZE": str(model.width)}
    return chosen


def _up(compose: Compose) -> None:
    try:
        compose.up()
    except DockerError as error:
        printed = "(nothing)"
        with suppress(DockerError):  # fails where the deployment was not started
            printed = compose.logs(_DEPLOYMENT)
        raise StartError(f"{error}\nThe deployment's end:\n{printed}") from error


def _wait_for_tasks(project: str, number: int) -> None:
    def ready() -> bool:
        label = f"label={STACK_LABEL}={project}"
        words = ("ps", "--quiet", "--filter", label, "--filter", "health=healthy")
        return len(docker.run(*words).split()) >= number

    if number:
        wait_until(
            ready, f"a fleet of {number} is healthy", _TASKS_SECONDS, lambda: _last_lines(project)
        )


def _last_lines(project: str) -> str:
    tasks = docker.containers_with(f"{STACK_LABEL}={project}")
    if not tasks:
        return "No task has been started: docker compose logs emulator"
    return docker.run("logs", "--tail", "15", tasks[0])


def _is_complete(project: str) -> bool:
    """Whether every service runs that does not end by itself."""
    # By inspecting each one: the list of running containers lags behind.
    found = json.loads(docker.run("inspect", *_containers(project)))
    running = {each["Config"]["Labels"].get(SERVICE_LABEL) for each in found if _runs(each)}
    return running.issuperset(_SERVICES)


def _runs(inspected: dict[str, Any]) -> bool:
    return bool(inspected["State"]["Running"])


def _containers(project: str) -> list[str]:
    """Ids of the stack's containers, those of its tasks too."""
    return sorted({*containers(project), *docker.containers_with(f"{STACK_LABEL}={project}")})
