"""A stack in processes on this machine: start it, or find the one that runs, and stop it."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from emulation.rig import deployment
from emulation.rig.emulator_client import FleetAgent
from emulation.rig.errors import StartError
from emulation.rig.host import health, processes
from emulation.rig.host.parts import Parts
from emulation.rig.loopback import choose_port
from emulation.rig.options import StackOptions
from emulation.rig.state import StackState, StateFolder, exclusive
from emulation.rig.terraform import Outputs, Terraform
from toolchain.display import Display
from toolchain.layout import Layout
from toolchain.steps import files_digest


@dataclass(frozen=True)
class Started:
    """A running stack, and whether this call started it."""

    state: StackState
    already_running: bool


def start(layout: Layout, folder: StateFolder, options: StackOptions, display: Display) -> Started:
    """Start a stack, or find the one that runs. A half-started or half-dead stack is stopped first.

    Raises:
        RigError: a part did not start; everything started so far is stopped again.
    """
    with exclusive(layout.cache, folder):
        running = folder.load()
        if running and running.ready and health.all_alive(running):
            return Started(
                _updated(layout, folder, options, display, running), already_running=True
            )
        stop(folder)
        try:
            return Started(_Start(layout, folder, options, display).run(), already_running=False)
        except BaseException:
            stop(folder)
            raise


def _updated(
    layout: Layout,
    folder: StateFolder,
    options: StackOptions,
    display: Display,
    running: StackState,
) -> StackState:
    """The stack that runs, with the current handlers deployed.

    Raises:
        StartError: it was started with other options.
    """
    if running.options != options.as_json():
        raise StartError(
            f"A stack runs already, started with {running.options}, not {options.as_json()}."
            " Stop it first: make local-down"
        )
    digest = files_digest(layout.lambda_package)
    if running.lambda_package_sha256 != digest:
        terraform = Terraform(layout, folder.path / "terraform")
        title = "Terraform apply: new handlers"
        display.run(title, lambda: terraform.apply(lambda text: display.detail(title, text)))
        running = replace(running, lambda_package_sha256=digest)
        folder.save(running)
    return running


class _Start:
    """One start; the state is saved after every process, so that each can be stopped."""

    def __init__(
        self, layout: Layout, folder: StateFolder, options: StackOptions, display: Display
    ) -> None:
        self._layout = layout
        self._folder = folder
        self._options = options
        self._display = display
        self._parts = Parts(layout, folder, options)
        aws = choose_port(options.aws_port)
        self._state = StackState.on_ports(
            "host",
            aws,
            choose_port(options.discord_port, taken=aws),
            region=options.region,
            options=options.as_json(),
            lambda_package_sha256=files_digest(layout.lambda_package),
        )

    def run(self) -> StackState:
        self._state = self._parts.start_servers(self._state, self._display)
        discord = deployment.DiscordApplication.from_fixture(self._state.discord_api_url)
        outputs = self._display.run("Terraform apply", lambda: self._apply(discord))
        self._keep(deployment.with_outputs(self._state, outputs))
        with ThreadPoolExecutor() as pool:
            fleet = pool.submit(self._display.run, "fleet: tasks are ready", self._wait_for_tasks)
            pool.submit(
                self._display.run,
                "Discord: commands and endpoint",
                lambda: discord.register(self._state.interactions_url),
            ).result()
            fleet.result()
        telemetry = self._parts.start_telemetry()
        self._keep(replace(self._state.with_process(telemetry), ready=True))
        return self._state

    def _apply(self, discord: deployment.DiscordApplication) -> Outputs:
        terraform = Terraform(self._layout, self._folder.path / "terraform")
        variables = deployment.variables(self._layout, self._options, self._state, discord)
        terraform.write_variables(variables)
        return terraform.apply(lambda text: self._display.detail("Terraform apply", text))

    def _wait_for_tasks(self) -> None:
        fleet = self._options.fleet
        health.wait_for_tasks(
            self._folder, self._state, min(fleet.minimum_tasks, fleet.maximum_tasks)
        )
        FleetAgent(self._state.aws_endpoint).change("settings", **fleet.settings())

    def _keep(self, state: StackState) -> None:
        self._state = state
        self._folder.save(state)


def stop(folder: StateFolder) -> StackState | None:
    """End every process of the stack and remove its files but the logs.

    The fleet's tasks end with the emulator, whose children they are, and their queue with them.

    Returns:
        The state of the stack that was stopped, or None if none was known.
    """
    state = folder.load()
    if state:
        processes.terminate(state.processes)
        health.end_orphaned_tasks(folder)
    _remove_files(folder)
    return state


def _remove_files(folder: StateFolder) -> None:
    if not folder.path.exists():
        return
    for path in folder.path.iterdir():
        if path == folder.logs:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if not any(folder.path.iterdir()):
        folder.path.rmdir()
