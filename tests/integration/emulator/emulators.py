"""Starts emulators for tests, as the target does: as processes or as a container."""

from pathlib import Path

import pytest
from running_emulator import Emulator

from ecs_fleet_emulator.launch import Tasks
from emulation.rig.loopback import choose_port
from tests.targets import DOCKER, TARGET


def start(
    folder: Path,
    tasks: Tasks | None = None,
    port: int = 0,
    *,
    enforces_iam: bool = False,
    snapshot: Path | None = None,
) -> Emulator:
    """Start an emulator, and wait until it answers. A container sees `folder`'s siblings, too.

    A process starts with the state in the file `snapshot`, if one is given.
    """
    if TARGET == DOCKER:
        from emulator_in_container import EmulatorInContainer

        return EmulatorInContainer(folder, port, tasks, enforces_iam=enforces_iam)
    from emulator_processes import EmulatorProcesses

    return EmulatorProcesses(
        folder,
        port or choose_port(),
        tasks or Tasks(),
        enforces_iam=enforces_iam,
        snapshot=snapshot,
    )


def make_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder for what an emulator, its functions and its tasks write."""
    return accessible_to_containers(factory.mktemp(name))


def accessible_to_containers(folder: Path) -> Path:
    """The same folder, writable for the user that containers run as."""
    if TARGET == DOCKER:
        folder.parent.chmod(0o755)
        folder.chmod(0o777)
    return folder
