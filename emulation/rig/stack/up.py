"""Bring a stack of target `host` up: emulator, stand-in, Terraform, commands, the fleet."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from emulation.rig.errors import StartError
from emulation.rig.fleet_agent import FleetAgent
from emulation.rig.stack import (
    deployment,
    down,
    health,
    lock,
    ports,
    tasks,
)
from emulation.rig.stack.discord_setup import DiscordSetup
from emulation.rig.stack.options import StackOptions
from emulation.rig.stack.parts import Parts
from emulation.rig.stack.state import ProcessRecord, StackState, StateFolder
from emulation.rig.stack.terraform import Outputs, Terraform
from toolchain.display import Display
from toolchain.layout import Layout
from toolchain.steps import files_digest


@dataclass(frozen=True)
class Started:
    """A running stack, and whether this call started it."""

    state: StackState
    already_running: bool


def start(layout: Layout, folder: StateFolder, options: StackOptions, display: Display) -> Started:
    """Start a stack, or find the one that runs. What died half-way is cleaned up first.

    Raises:
        StartError: a part did not come up; everything started so far is stopped again.
    """
    with lock.exclusive(layout.cache, folder):
        running = folder.load()
        if running and running.ready and health.all_alive(running):
            return Started(_kept(layout, folder, options, display, running), already_running=True)
        down.stop(folder)
        try:
            return Started(_Start(layout, folder, options, display).run(), already_running=False)
        except BaseException:
            down.stop(folder)
            raise


def _kept(
    layout: Layout,
    folder: StateFolder,
    options: StackOptions,
    display: Display,
    running: StackState,
) -> StackState:
    """The stack that runs, with the handlers of now.

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
    """One start; the state is saved after every process so that nothing can be lost track of."""

    def __init__(
        self, layout: Layout, folder: StateFolder, options: StackOptions, display: Display
    ) -> None:
        self._layout = layout
        self._folder = folder
        self._options = options
        self._display = display
        self._parts = Parts(layout, folder, options)
        self._state = self._new_state()

    def _new_state(self) -> StackState:
        aws = ports.choose(self._options.aws_port)
        discord = ports.choose(self._options.discord_port, taken=aws)
        discord_url = f"http://{ports.LOOPBACK}:{discord}"
        return StackState(
            target="host",
            options=self._options.as_json(),
            lambda_package_sha256=files_digest(self._layout.lambda_package),
            aws_endpoint=f"http://{ports.LOOPBACK}:{aws}",
            region=self._options.region,
            discord_url=discord_url,
            discord_api_url=f"{discord_url}/api/v10",
        )

    def run(self) -> StackState:
        self._start_services()
        discord = DiscordSetup.from_fixture(self._state.discord_api_url)
        outputs = self._display.run("Terraform apply", lambda: self._apply(discord))
        self._keep(deployment.described(self._state, outputs))
        with ThreadPoolExecutor() as pool:
            fleet = pool.submit(self._display.run, "fleet: tasks are ready", self._wait_for_tasks)
            pool.submit(
                self._display.run,
                "Discord: commands and endpoint",
                lambda: discord.register(self._state.interactions_url),
            ).result()
            fleet.result()
        self._record(self._parts.start_telemetry())
        self._keep(replace(self._state, ready=True))
        return self._state

    def _start_services(self) -> None:
        emulator = self._record(self._parts.start_emulator(_port(self._state.aws_endpoint)))
        stand_in = self._record(self._parts.start_stand_in(_port(self._state.discord_url)))
        endpoint, url = self._state.aws_endpoint, self._state.discord_url
        with ThreadPoolExecutor() as pool:
            waits = (
                pool.submit(
                    self._display.run,
                    "emulator: start",
                    lambda: self._parts.wait_for_emulator(emulator, endpoint),
                ),
                pool.submit(
                    self._display.run,
                    "Discord stand-in: start",
                    lambda: self._parts.wait_for_stand_in(stand_in, url),
                ),
            )
        for wait in waits:
            wait.result()

    def _apply(self, discord: DiscordSetup) -> Outputs:
        terraform = Terraform(self._layout, self._folder.path / "terraform")
        variables = deployment.variables(self._layout, self._options, self._state, discord)
        terraform.write_variables(variables)
        return terraform.apply(lambda text: self._display.detail("Terraform apply", text))

    def _wait_for_tasks(self) -> None:
        fleet = self._options.fleet
        tasks.wait_until_ready(
            self._folder, self._state, min(fleet.minimum_tasks, fleet.maximum_tasks)
        )
        FleetAgent(self._state.aws_endpoint).change("settings", **fleet.settings())

    def _record(self, record: ProcessRecord) -> ProcessRecord:
        self._keep(self._state.with_process(record))
        return record

    def _keep(self, state: StackState) -> None:
        self._state = state
        self._folder.save(state)


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])
