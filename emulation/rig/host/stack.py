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


@dataclass
class _Start:
    """One start; the state is saved after every process, so that each can be stopped."""

    layout: Layout
    folder: StateFolder
    options: StackOptions
    display: Display

    def run(self) -> StackState:
        parts = Parts(self.layout, self.folder, self.options)
        aws = choose_port(self.options.aws_port)
        state = StackState.on_ports(
            "host",
            aws,
            choose_port(self.options.discord_port, taken=aws),
            region=self.options.region,
            options=self.options.as_json(),
            lambda_package_sha256=files_digest(self.layout.lambda_package),
        )
        state = parts.start_servers(state, self.display)
        discord = deployment.DiscordApplication.from_fixture(state.discord_api_url)
        outputs = self.display.run("Terraform apply", lambda: self._apply(state, discord))
        state = deployment.with_outputs(state, outputs)
        self.folder.save(state)
        with ThreadPoolExecutor() as pool:
            fleet = pool.submit(
                self.display.run, "fleet: tasks are ready", lambda: self._wait_for_tasks(state)
            )
            pool.submit(
                self.display.run,
                "Discord: commands and endpoint",
                lambda: discord.register(state.interactions_url),
            ).result()
            fleet.result()
        started = replace(state.with_process(parts.start_telemetry()), ready=True)
        self.folder.save(started)
        return started

    def _apply(self, state: StackState, discord: deployment.DiscordApplication) -> Outputs:
        terraform = Terraform(self.layout, self.folder.path / "terraform")
        terraform.write_variables(deployment.variables(self.layout, self.options, state, discord))
        return terraform.apply(lambda text: self.display.detail("Terraform apply", text))

    def _wait_for_tasks(self, state: StackState) -> None:
        fleet = self.options.fleet
        number = min(fleet.minimum_tasks, fleet.maximum_tasks)
        health.wait_for_tasks(self.folder, state, number)
        FleetAgent(state.aws_endpoint).change("settings", **fleet.settings())


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
