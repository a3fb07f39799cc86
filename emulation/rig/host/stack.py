"""A stack in processes on this machine: start it, or find the running one, and stop it."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

from emulation.rig import deployment
from emulation.rig.emulator_client import FleetAgentClient
from emulation.rig.host import health, module, processes
from emulation.rig.host.parts import Parts
from emulation.rig.host.update import update
from emulation.rig.live import application
from emulation.rig.loopback import choose_port
from emulation.rig.options import LIVE, StackOptions
from emulation.rig.state import StackState, StateFolder, exclusive
from toolchain.display import Display
from toolchain.layout import Layout
from toolchain.steps import files_digest

TARGET = "host"


def start(
    layout: Layout, folder: StateFolder, options: StackOptions, display: Display
) -> tuple[StackState, bool]:
    """Start a stack, or find the running one. A half-started or half-dead stack is stopped first.

    Returns:
        The state of the stack, and whether it was running already.

    Raises:
        RestartNeededError: the running stack can't take an option; it runs on as it was.
        RigError: a part did not start; everything started so far is stopped again.
    """
    with exclusive(layout.cache, folder):
        running = folder.load()
        if running and running.ready and health.all_alive(running):
            return update(layout, folder, options, display, running), True
        stop(folder)
        folder.make()
        try:
            folder.check_space()
            return _started(layout, folder, options, display), False
        except BaseException:
            stop(folder)
            raise


def _started(
    layout: Layout, folder: StateFolder, options: StackOptions, display: Display
) -> StackState:
    """A new stack; its state is saved after every process, so that each can be stopped."""
    parts = Parts(layout, folder, options)
    parts.check_emulator()
    owner = str(folder.path)
    aws = choose_port(options.aws_port, owner=owner)
    state = StackState.on_ports(
        TARGET,
        aws,
        choose_port(options.discord_port, taken=aws, owner=owner),
        region=options.region,
        options=options.as_json(),
        lambda_package_sha256=files_digest(layout.lambda_package),
    )
    if options.discord == LIVE:
        state = application.served(layout, state, options)
    state = module.start(parts, state, display)
    folder.save(state)

    def wait_for_tasks() -> None:
        number = min(options.fleet.minimum_tasks, options.fleet.maximum_tasks)
        health.wait_for_tasks(folder, state, number)
        FleetAgentClient(state.aws_endpoint).change("settings", **options.fleet.settings())

    with ThreadPoolExecutor() as pool:
        fleet = pool.submit(display.run, "fleet: tasks are ready", wait_for_tasks)
        registration = partial(deployment.register, state, options.bot_token)
        pool.submit(display.run, "Discord: commands and endpoint", registration).result()
        fleet.result()
    if not state.restored:
        module.try_to_save_snapshot(layout, folder, state, display)
    folder.save(state := state.with_process(parts.start_telemetry()))
    if options.watch:
        folder.save(state := state.with_process(parts.start_watcher()))
    if state.live:
        title = f"Discord: connect to {state.live.guild_name}"
        folder.save(state := state.with_process(display.run(title, parts.start_connector)))
    started = replace(state, commands_sha256=deployment.commands_digest(), ready=True)
    folder.save(started)
    return started


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
        # A folder that is a disk of its own stays.
        with suppress(OSError):
            folder.path.rmdir()
