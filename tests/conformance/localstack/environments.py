"""What LocalStack's own tests need: their source, packages, and interpreters for functions.

Nothing of it is kept in this repository: the tests are LocalStack's, under its licence.
"""

import os
import shutil
from pathlib import Path

from toolchain import environments
from toolchain.commands import clean_environment, run
from toolchain.display import Display
from toolchain.layout import Layout, python_of
from toolchain.steps import Plan, Step, files_digest, one_at_a_time

VERSION = "4.14.0"
REPOSITORY = "https://github.com/localstack/localstack"
SOURCE_VARIABLE = "LOCALSTACK_REPOSITORY"
"""Another place of the repository, for example a copy on this machine."""
HERE = Path(__file__).parent
RUNTIMES = ("3.10", "3.11", "3.12")
"""The versions of Python that the tests' functions ask for, beside the one of the project."""


def folder(layout: Layout) -> Path:
    """Where all of it is."""
    return layout.cache / "localstack-tests"


def set_up(layout: Layout) -> None:
    """Set up what is not set up yet.

    Raises:
        ToolchainError: a program failed; the text is its output.
    """
    root = folder(layout)
    lock = files_digest(HERE / "uv.lock")
    runtime = files_digest(layout.emulator / "uv.lock")
    steps = [
        Step(
            "tests of LocalStack",
            lambda: _clone(root / "source"),
            (str(layout.root), VERSION),
            root / "source" / "tests",
        ),
        Step(
            "packages of its tests",
            lambda: environments.create(layout, root / "environment", HERE),
            (str(layout.root), lock),
            python_of(root / "environment"),
        ),
        *(_runtime_step(layout, version, runtime) for version in RUNTIMES),
    ]
    root.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(layout.cache), Display() as display:
        Plan(steps, layout.stamps).run(display)


def lambda_pythons(layout: Layout) -> dict[str, Path]:
    """The interpreter of each runtime."""
    found = {f"python{version}": python_of(_runtime(layout, version)) for version in RUNTIMES}
    return found | {"python3.13": python_of(layout.lambda_environment)}


def _runtime(layout: Layout, version: str) -> Path:
    return folder(layout) / f"lambda-python{version}"


def _runtime_step(layout: Layout, version: str, lock: str) -> Step:
    environment = _runtime(layout, version)
    return Step(
        f"Lambda runtime python{version}",
        lambda: _create_runtime(layout, version, environment),
        (str(layout.root), lock),
        python_of(environment),
    )


def _create_runtime(layout: Layout, version: str, environment: Path) -> None:
    """Install what the project's own runtime holds, for another version of Python."""
    uv = environments.uv_of(layout)
    # A Python that is fetched stays in the project's folder.
    clean = {**clean_environment(), "UV_PYTHON_INSTALL_DIR": str(layout.cache / "python")}
    words = ("export", "--quiet", "--frozen", "--no-hashes", "--only-group", "lambda")
    exported = run([uv, *words, "--project", layout.emulator], env=clean)
    requirements = folder(layout) / f"lambda-python{version}.txt"
    # The markers are those of Python 3.13.
    requirements.write_text("".join(f"{line.partition(';')[0]}\n" for line in exported.split("\n")))
    shutil.rmtree(environment, ignore_errors=True)
    run([uv, "venv", "--quiet", "--no-project", "--python", version, environment], env=clean)
    python = python_of(environment)
    run([uv, "pip", "install", "--quiet", "--python", python, "-r", requirements], env=clean)


def _clone(source: Path) -> None:
    shutil.rmtree(source, ignore_errors=True)
    place = os.environ.get(SOURCE_VARIABLE) or REPOSITORY
    run(["git", "clone", "--quiet", "--depth", "1", "--branch", f"v{VERSION}", place, source])
