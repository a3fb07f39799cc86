"""A running stack that is brought up to date: other options, new handlers, changed commands."""

from dataclasses import replace
from functools import partial

from emulation.rig import deployment, snapshots
from emulation.rig.emulator_client import FleetAgentClient
from emulation.rig.errors import RestartNeededError
from emulation.rig.host import debugging, health, module
from emulation.rig.host.parts import WATCHER, Parts
from emulation.rig.options import WORKER, StackOptions, differences
from emulation.rig.state import StackState, StateFolder
from toolchain.display import Display
from toolchain.layout import Layout
from toolchain.steps import files_digest

_AT_START = ("enforces_iam", "discord", "guild", "emulator")
"""Options that are read when the stack starts, and never again."""


def update(
    layout: Layout,
    folder: StateFolder,
    options: StackOptions,
    display: Display,
    running: StackState,
) -> StackState:
    """The running stack with the options, the handlers and the commands of now.

    Raises:
        RestartNeededError: an option can only be changed by a restart; nothing was changed.
        StartError: Terraform or the stand-in refused.
    """
    changed = differences(running.options, options.as_json())
    if fixed := [changed[name] for name in _AT_START if name in changed]:
        raise RestartNeededError(", ".join(fixed))
    digest = files_digest(layout.lambda_package)
    applied = changed.keys() - {"debug"}
    if "debug" in changed:
        before = running.options.get("debug", ())
        debugging.apply(folder, running, options.debug, before)
        if (WORKER in options.debug) is not (WORKER in before):
            applied |= {"debug"}  # the length of its leases
    running = replace(running, options=options.as_json())
    if applied or digest != running.lambda_package_sha256:
        reasons = [changed[name] for name in changed if name in applied] or ["new handlers"]
        title = f"Terraform apply: {', '.join(reasons)}"
        updated = replace(running, lambda_package_sha256=digest)
        running = _applied(layout, folder, options, display, updated, title)
    if WORKER in options.debug and "debug" in applied:
        display.run("debugger: a worker has its port", debugging.wait_for_worker)
    if {"minimum_tasks", "maximum_tasks", "speed"} & changed.keys():
        before = health.crash_count(folder, running)
        FleetAgentClient(running.aws_endpoint).change("settings", **options.fleet.settings())
        number = min(options.fleet.minimum_tasks, options.fleet.maximum_tasks)
        wait = partial(health.wait_for_tasks, folder, running, number, crashed_before=before)
        display.run("fleet: tasks are ready", wait)
    if "watch" in changed:
        # Saved before a command that is refused ends all this: else nobody would end the watcher.
        folder.save(running := _watched(Parts(layout, folder, options), running))
    registered = register(running, display, options.bot_token)
    folder.save(registered)
    return registered


def register(running: StackState, display: Display, bot_token: str | None = None) -> StackState:
    """The running stack with the commands of now, registered only if they have changed.

    Raises:
        StartError: Discord refused one, or the token of a live stack is missing.
    """
    digest = deployment.commands_digest()
    if digest == running.commands_sha256:
        return running
    display.run(
        "Discord: changed commands", lambda: deployment.register_commands(running, bot_token)
    )
    return replace(running, commands_sha256=digest)


def _applied(
    layout: Layout,
    folder: StateFolder,
    options: StackOptions,
    display: Display,
    updated: StackState,
    title: str,
) -> StackState:
    terraform = module.of(layout, folder)
    variables = deployment.variables(layout, options, updated)
    terraform.write_variables(variables)
    outputs = display.run(title, lambda: terraform.apply(lambda text: display.detail(title, text)))
    current = module.name_of(layout, variables, updated)
    name = snapshots.key_after_update(updated.snapshot, current)
    applied = replace(deployment.with_outputs(updated, outputs), snapshot=name)
    folder.save(applied)
    return applied


def _watched(parts: Parts, running: StackState) -> StackState:
    """The stack with a watcher, or without, as the options say."""
    if parts.options.watch:
        return running.with_process(parts.start_watcher())
    return parts.without(WATCHER, running)
