"""`python -m emulation.rig.docker.deploy [plan]`: deploys to the emulator beside it, and ends.

It runs in a container that shares the emulator's network, and leaves in the folder /stack what
other containers and the machine need: stack.json, and worker.env for workers without a fleet.

With `plan` it only prints whether Terraform would change what was deployed. The exit status is then
0 if it would change nothing, 1 if something, 2 after an error.
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

from emulation.rig import deployment
from emulation.rig.emulator_client import CREDENTIALS, FleetAgentClient
from emulation.rig.errors import RigError, StartError
from emulation.rig.options import FleetOptions, ModelOptions, StackOptions
from emulation.rig.state import StackState, StateFolder
from emulation.rig.terraform import Terraform
from emulation.rig.waiting import wait_until
from infra.deploy.errors import RegistrationError
from toolchain.layout import Layout
from toolchain.steps import files_digest

_FOLDER = Path("/stack")
_WORKER_ENVIRONMENT = "worker.env"
_TASKS_SECONDS = 300.0
_REGISTRATIONS = 3
_SESSION = "session"


def options(given: Mapping[str, str], layout: Layout) -> StackOptions:
    """The options that docker-compose.yml passes on as environment variables."""
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
    """Apply the root module, register the commands, and save the state of the stack.

    Raises:
        StartError: Terraform or the stand-in refused.
    """
    state = StackState.on_ports(
        "docker",
        chosen.aws_port,
        chosen.discord_port,
        region=chosen.region,
        options=chosen.as_json(),
        lambda_package_sha256=files_digest(layout.lambda_package),
    )
    remove_stale_state(folder, state)
    terraform = Terraform(layout, folder.path / "terraform")
    terraform.write_variables(deployment.variables(layout, chosen, state))
    outputs = terraform.apply(lambda text: sys.stdout.write(f"Terraform apply: {text}\n"))
    state = deployment.with_outputs(state, outputs)
    _register(state)
    environment = folder.path / _WORKER_ENVIRONMENT
    environment.write_text(worker_environment(state))
    _wait_for_tasks(state, chosen.fleet)
    ready = replace(state, ready=True)
    folder.save(ready)
    return ready


def _register(state: StackState) -> None:
    """Register, and try again where the function's first call takes longer than Discord waits."""
    for left in reversed(range(_REGISTRATIONS)):
        try:
            deployment.register(state)
        except StartError:
            if not left:
                raise
        else:
            return


def _wait_for_tasks(state: StackState, fleet: FleetOptions) -> None:
    """Wait for the first tasks, which start at once, then set the speed that was chosen."""
    agent = FleetAgentClient(state.aws_endpoint)
    number = min(fleet.minimum_tasks, fleet.maximum_tasks)

    def running() -> bool:
        return [task["status"] for task in agent.state()["tasks"]].count("RUNNING") >= number

    wait_until(
        running, f"A fleet of {number} runs", _TASKS_SECONDS, lambda: json.dumps(agent.history())
    )
    agent.change("settings", **fleet.settings())


def remove_stale_state(folder: StateFolder, state: StackState) -> None:
    """Remove Terraform's state if it is of an earlier emulator, whose resources are gone."""
    info = httpx.get(f"{state.aws_endpoint}/_localstack/info", timeout=30, trust_env=False)
    session = str(info.raise_for_status().json()["session_id"])
    known = folder.path / _SESSION
    if not known.exists() or known.read_text() != session:
        shutil.rmtree(folder.path / "terraform", ignore_errors=True)
        folder.stack_file.unlink(missing_ok=True)
    known.write_text(session)


def worker_environment(state: StackState) -> str:
    """The environment of a worker that is no ECS task, as lines that a shell reads."""
    variables = CREDENTIALS | state.worker_environment
    variables |= {"AWS_ENDPOINT_URL": state.aws_endpoint, "AWS_REGION": state.region}
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())


def plan(layout: Layout) -> int:
    """Print whether Terraform would change what was deployed; return the exit status."""
    try:
        unchanged = Terraform(layout, _FOLDER / "terraform").is_up_to_date()
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("No changes\n" if unchanged else "There are changes\n")
    return 0 if unchanged else 1


def main() -> int:
    """Deploy as the environment says, or plan; return the exit status."""
    layout = Layout.of_this_checkout()
    if sys.argv[1:] == ["plan"]:
        return plan(layout)
    try:
        state = deploy(layout, StateFolder(_FOLDER), options(os.environ, layout))
    except (RigError, RegistrationError, httpx.HTTPError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Deployed. Interactions go to {state.interactions_url}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
