"""Emulators for functions, fleets and IAM; functions and fleets are removed after a test."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import emulators
import pytest
from running_emulator import Deploy, Emulator, Function, create_function, zipped
from small_fleet import SmallFleet, make_fleet, worker_tasks


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A folder of the test's own that functions can write to."""
    return emulators.accessible_to_containers(tmp_path)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = emulators.start(emulators.make_folder(tmp_path_factory, "emulator"))
    yield running
    running.remove()


@pytest.fixture
def deploy(emulator: Emulator) -> Iterator[Deploy]:
    """Deploys a function from the source of `app.py`; further files and settings are optional."""
    made: list[Function] = []

    def factory(source: str, files: dict[str, str] | None = None, **settings: Any) -> Function:
        code = zipped({"app.py": textwrap.dedent(source), **(files or {})})
        made.append(create_function(emulator, {"ZipFile": code}, **settings))
        return made[-1]

    yield factory
    for function in made:
        emulator.client("lambda").delete_function(FunctionName=function.name)


@pytest.fixture(scope="session")
def fleet_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator that runs tasks, in the time of the tests."""
    folder = emulators.make_folder(tmp_path_factory, "fleets")
    running = emulators.start(folder, worker_tasks(folder))
    yield running
    moved = running.clock()["moved_seconds"]
    running.remove()
    assert moved == 0, "a test moved the time that other modules share: it needs moved_emulator"


@pytest.fixture(scope="session")
def moved_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator that runs tasks. Modules whose tests move its time have it as `fleet_emulator`.

    Jobs of now would be minutes old for its functions.
    """
    folder = emulators.make_folder(tmp_path_factory, "moved")
    running = emulators.start(folder, worker_tasks(folder))
    yield running
    running.remove()


@pytest.fixture(scope="session")
def iam_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator that enforces IAM, and runs tasks."""
    folder = emulators.make_folder(tmp_path_factory, "iam")
    running = emulators.start(folder, worker_tasks(folder), enforces_iam=True)
    yield running
    running.remove()


@pytest.fixture
def fleet(fleet_emulator: Emulator, request: pytest.FixtureRequest) -> Iterator[SmallFleet]:
    """A fleet of the test's own."""
    made = make_fleet(fleet_emulator, f"f{abs(hash(request.node.name)) % 10**6}")
    yield made
    made.client("ecs").delete_service(cluster=made.name, service=made.service_name, force=True)
    made.client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=made.service_name, ForceDelete=True
    )
