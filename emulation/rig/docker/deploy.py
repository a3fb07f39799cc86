"""`python -m emulation.rig.docker.deploy`: the one-shot that deploys to the emulator beside it.

Runs in a container that shares the emulator's network. Leaves in the folder /stack what other
containers and the machine need to know: stack.json, and worker.env for workers without a fleet.
"""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import httpx

from emulation.rig.errors import RigError, StartError
from emulation.rig.fleet_agent import FleetAgent
from emulation.rig.stack import deployment
from emulation.rig.stack.discord_setup import DiscordSetup
from emulation.rig.stack.options import FleetOptions, ModelOptions, StackOptions
from emulation.rig.stack.parts import EMULATOR_CREDENTIALS
from emulation.rig.stack.ports import LOOPBACK
from emulation.rig.stack.state import StackState, StateFolder
from emulation.rig.stack.terraform import Terraform
from emulation.rig.stack.waiting import wait_until
from infra.deploy.errors import RegistrationError
from toolchain.layout import Layout
from toolchain.steps import files_digest

FOLDER = Path("/stack")
WORKER_ENVIRONMENT = "worker.env"
TASKS_SECONDS = 300.0
RUNNING = "RUNNING"
REGISTRATIONS = 3
_SESSION = "session"


def options(given: Mapping[str, str], layout: Layout) -> StackOptions:
    """What docker-compose.yml says, by its own names."""
    embedded = ModelOptions.embedded(layout.root)
    size = int(given.get("SIZE") or 0)
    model = ModelOptions(given["MODEL"], width=size, height=size)
    return StackOptions(
        aws_port=int(given["AWS_PORT"]),
        discord_port=int(given["DISCORD_PORT"]),
        fleet=FleetOptions(
            int(given["MINIMUM_TASKS"]), int(given["MAXIMUM_TASKS"]), float(given["SPEED"])
        ),
        region=given["REGION"],
        environment=given["ENVIRONMENT"],
        visibility_timeout_seconds=int(given["VISIBILITY_TIMEOUT_SECONDS"]),
        model=model if size else replace(embedded, model=given["MODEL"]),
        variables={"worker_image": given["WORKER_IMAGE"], **json.loads(given["VARIABLES"] or "{}")},
    )


def deploy(layout: Layout, folder: StateFolder, chosen: StackOptions) -> StackState:
    """Apply, register the commands, write down what there is.

    Raises:
        StartError: Terraform or the stand-in refused.
    """
    state = StackState(
        target="docker",
        options=chosen.as_json(),
        lambda_package_sha256=files_digest(layout.lambda_package),
        aws_endpoint=f"http://{LOOPBACK}:{chosen.aws_port}",
        region=chosen.region,
        discord_url=f"http://{LOOPBACK}:{chosen.discord_port}",
        discord_api_url=f"http://{LOOPBACK}:{chosen.discord_port}/api/v10",
    )
    forget_another(folder, state)
    discord = DiscordSetup.from_fixture(state.discord_api_url)
    terraform = Terraform(layout, folder.path / "terraform")
    terraform.write_variables(deployment.variables(layout, chosen, state, discord))
    state = deployment.described(state, terraform.apply(_Progress()))
    _register(discord, state.interactions_url)
    environment = folder.path / WORKER_ENVIRONMENT
    environment.write_text(worker_environment(state))
    _wait_for_tasks(state, chosen.fleet)
    ready = replace(state, ready=True)
    folder.save(ready)
    return ready


def _register(discord: DiscordSetup, interactions_url: str) -> None:
    """Register, again where the function's first call took longer than Discord waits for it."""
    for left in reversed(range(REGISTRATIONS)):
        try:
            discord.register(interactions_url)
        except StartError:
            if not left:
                raise
        else:
            return


def _wait_for_tasks(state: StackState, fleet: FleetOptions) -> None:
    """Let the fleet begin at once, as the emulator was started to, then at the speed chosen."""
    agent = FleetAgent(state.aws_endpoint)
    number = min(fleet.minimum_tasks, fleet.maximum_tasks)

    def running() -> bool:
        return len([one for one in agent.state()["tasks"] if one["status"] == RUNNING]) >= number

    wait_until(running, f"A fleet of {number}", TASKS_SECONDS, lambda: json.dumps(agent.history()))
    agent.change("settings", **fleet.settings())


def forget_another(folder: StateFolder, state: StackState) -> None:
    """Remove Terraform's state of an emulator that is gone: nothing in it is there any more."""
    info = httpx.get(f"{state.aws_endpoint}/_localstack/info", timeout=30, trust_env=False)
    session = str(info.raise_for_status().json()["session_id"])
    known = folder.path / _SESSION
    if not known.exists() or known.read_text() != session:
        shutil.rmtree(folder.path / "terraform", ignore_errors=True)
        folder.stack_file.unlink(missing_ok=True)
    known.write_text(session)


def worker_environment(state: StackState) -> str:
    """What a worker starts with that is no ECS task, for a shell to read."""
    variables = EMULATOR_CREDENTIALS | state.worker_environment
    variables |= {"AWS_ENDPOINT_URL": state.aws_endpoint, "AWS_REGION": state.region}
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())


class _Progress:
    """Tells of every change once: Terraform has many events that change nothing."""

    def __init__(self) -> None:
        self._told = ""

    def __call__(self, text: str) -> None:
        if text != self._told:
            sys.stdout.write(f"Terraform apply: {text}\n")
        self._told = text


def main() -> int:
    """Deploy as the environment says; the exit status."""
    layout = Layout.of_this_checkout()
    try:
        state = deploy(layout, StateFolder(FOLDER), options(os.environ, layout))
    except (RigError, RegistrationError, httpx.HTTPError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Deployed. Interactions go to {state.interactions_url}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
