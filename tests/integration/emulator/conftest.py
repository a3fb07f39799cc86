"""One emulator for the folder, and functions that are removed after the test."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import emulators
import pytest
from emulated import Deploy, Emulator, Function, create_function, zipped


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A folder of the test's own, which functions can write to."""
    return emulators.opened(tmp_path)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = emulators.start(emulators.make_folder(tmp_path_factory, "emulator"))
    yield running
    running.remove()


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
