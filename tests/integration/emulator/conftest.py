"""One emulator for the folder, and functions that are removed after the test."""

import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from emulated import (
    Deploy,
    Emulator,
    Function,
    Reachable,
    config,
    create_function,
    zipped,
)

from tests.targets import DOCKER, TARGET


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reachable]:
    if TARGET == DOCKER:
        from tests.emulator_container import EmulatorContainer

        with EmulatorContainer() as container:
            yield Reachable(config(tmp_path_factory.mktemp("emulator"), container.port))
        return
    running = Emulator(tmp_path_factory.mktemp("emulator"))
    yield running
    running.stop()


@pytest.fixture
def deploy(emulator: Emulator) -> Iterator[Deploy]:
    """Deploys the source of `app.py`, with other files and settings of the function if given."""
    made: list[Function] = []

    def factory(source: str, files: dict[str, str] | None = None, **settings: Any) -> Function:
        code = zipped({"app.py": textwrap.dedent(source), **(files or {})})
        made.append(create_function(emulator, {"ZipFile": code}, **settings))
        return made[-1]

    yield factory
    for function in made:
        emulator.client("lambda").delete_function(FunctionName=function.name)
