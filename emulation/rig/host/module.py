"""The root module on a stack's emulator: restored from a snapshot if there is one, else applied."""

import sys
from dataclasses import replace
from functools import partial
from typing import Any

from emulation.rig import deployment, snapshots
from emulation.rig.emulator_client import emulator_state
from emulation.rig.errors import DeadlineError, SnapshotError, StartError
from emulation.rig.host import processes
from emulation.rig.host.parts import Parts
from emulation.rig.snapshots import Snapshot, SnapshotStore
from emulation.rig.state import StackState, StateFolder
from emulation.rig.terraform import Terraform
from toolchain.display import Display
from toolchain.layout import Layout


def start(parts: Parts, state: StackState, display: Display) -> StackState:
    """Start the servers with the root module deployed to the emulator.

    Returns:
        The state with the module's outputs.

    Raises:
        StartError: a server ended while starting, or Terraform could not apply the module.
        DeadlineError: a server did not answer in time.
    """
    layout, options = parts.layout, parts.options
    variables = deployment.variables(layout, options, state)
    terraform = of(layout, parts.folder)
    terraform.write_variables(variables)
    state = replace(state, snapshot=name_of(layout, variables, state))
    found = None if options.fresh else _found(layout, state)
    if found and (restored := _restored(parts, state, found, display)):
        terraform.write_state(found.terraform)
        return restored
    state = parts.start_servers(state, display)
    title = "Terraform apply"
    apply = partial(terraform.apply, lambda text: display.detail(title, text))
    return deployment.with_outputs(state, display.run(title, apply))


def of(layout: Layout, folder: StateFolder) -> Terraform:
    """The root module with its state in the folder of a stack."""
    return Terraform(layout, folder.path / "terraform")


def name_of(layout: Layout, variables: dict[str, Any], state: StackState) -> str:
    """The name of snapshots of a stack."""
    # The fleet agent's settings, which are saved too, come from the options.
    inputs = {"variables": variables, "options": state.options}
    emulator = state.options["emulator"]
    return snapshots.key(layout, emulator, inputs, snapshots.addresses(state))


def save_snapshot(layout: Layout, folder: StateFolder, state: StackState) -> None:
    """Save a snapshot of a stack that runs; the next start with the same inputs begins with it.

    Raises:
        SnapshotError: it can't be saved.
    """
    terraform, known = of(layout, folder), snapshots.addresses(state)
    snapshot = Snapshot(
        emulator_state(state.aws_endpoint, known), terraform.read_state(), terraform.outputs()
    )
    _store(layout).save(state.snapshot, snapshot, known)


def try_to_save_snapshot(
    layout: Layout, folder: StateFolder, state: StackState, display: Display
) -> None:
    """As `save_snapshot`; a stack without a snapshot is as good, so an error is only printed."""
    try:
        display.run("snapshot: save", partial(save_snapshot, layout, folder, state))
    except SnapshotError as error:
        sys.stderr.write(f"{error} The next start applies the module again.\n")


def _store(layout: Layout) -> SnapshotStore:
    return SnapshotStore(layout.cache / "snapshots")


def _found(layout: Layout, state: StackState) -> Snapshot | None:
    try:
        return _store(layout).load(state.snapshot, snapshots.addresses(state))
    except SnapshotError as error:
        _ignore(str(error))
        return None


def _restored(
    parts: Parts, state: StackState, found: Snapshot, display: Display
) -> StackState | None:
    """The stack with servers, the emulator with the snapshot's state; None if it did not start."""
    file = parts.folder.path / "snapshot"
    try:
        file.touch(mode=0o600)
        file.write_bytes(found.emulator)
        started = parts.start_servers(state, display, file)
    except (StartError, DeadlineError):
        begun = parts.folder.load()
        processes.terminate(begun.processes if begun else ())
        _ignore("The emulator did not start from the snapshot: make local-logs NAME=emulator.")
        return None
    finally:
        file.unlink(missing_ok=True)
    return replace(deployment.with_outputs(started, found.outputs), restored=True)


def _ignore(reason: str) -> None:
    sys.stderr.write(f"{reason} It is ignored, and the module applied.\n")
