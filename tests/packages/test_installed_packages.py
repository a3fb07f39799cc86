"""The packages as strangers have them: installed into empty environments.

`make test-packages` runs this: it installs from the package index, which takes a minute or two.
"""

import os
import resource
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance.discord.client_environments import node_packages
from toolchain import packages, terraform
from toolchain.commands import clean_environment
from toolchain.environments import find_or_fetch_python, uv_of
from toolchain.layout import Layout, python_of

# A cold cache and a busy machine take minutes.
pytestmark = pytest.mark.timeout(900)
LAYOUT = Layout.of_this_checkout()
OURS = ("discord_diffusion", "emulation", "fixtures", "infra", "tests", "toolchain")
SECONDS = 60.0
"""Of processor time from `pip install` to the end of the examples: less real time if alone."""


@dataclass(frozen=True)
class Stranger:
    """An environment that holds a package and pytest, and a folder outside of the checkout."""

    python: Path
    folder: Path

    @classmethod
    def made(cls, folder: Path) -> "Stranger":
        """An empty environment of the Python that LocalStack runs on."""
        base = find_or_fetch_python(uv_of(LAYOUT), LAYOUT.cache / "python")
        words = ("venv", "--quiet", "--no-project", "--python", base, folder / "environment")
        subprocess.run([uv_of(LAYOUT), *words], check=True)
        return cls(python_of(folder / "environment"), folder)

    def install(self, *packages: str | Path) -> None:
        """Install packages from the index, as pip does, with the cache of the set-up."""
        words = ("pip", "install", "--quiet", "--python", self.python)
        command = [uv_of(LAYOUT), *words, *packages]
        subprocess.run(command, cwd=self.folder, env=clean_environment(), check=True)

    def run(self, *words: str | Path, **variables: str) -> None:
        """Run a module; the test fails with what it prints."""
        own: Mapping[str, str] = clean_environment() | {"PYTEST_ADDOPTS": ""} | variables
        ended = subprocess.run(
            [self.python, "-m", *words],
            cwd=self.folder,
            env=own,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def imports(self, module: str) -> bool:
        """Whether a module is to be had."""
        find = f"from importlib.util import find_spec; exit(find_spec('{module}') is None)"
        return subprocess.run([self.python, "-c", find], cwd=self.folder).returncode == 0


@pytest.fixture(scope="module")
def wheels() -> dict[str, Path]:
    """The wheels, built anew, by their names."""
    built = packages.build(LAYOUT, LAYOUT.build / "packages")
    return {path.name.split("-")[0]: path for path in built}


@contextmanager
def quick() -> Iterator[None]:
    """Checks the processor time of the programs that ended meanwhile."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    print(f"{taken:.0f} s of processor time")  # noqa: T201 - with -rP
    assert taken < SECONDS


def copied_example(project: Path, name: str, folder: Path) -> Path:
    """An example as it is committed, in a folder of its own."""
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", ".terraform*", ".pytest_cache")
    return shutil.copytree(project / "examples" / name, folder / name, ignore=ignored)


def test_the_emulators_wheel_has_its_client_for_functions_in_node(wheels: dict[str, Path]) -> None:
    package = LAYOUT.emulator / "src"
    client = {path.relative_to(package).as_posix() for path in package.rglob("*.mjs")}
    assert client
    with zipfile.ZipFile(wheels["ecs_fleet_emulator"]) as wheel:
        assert client <= set(wheel.namelist())


def test_the_stand_ins_examples_run_where_it_alone_is_installed(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    stranger = Stranger.made(tmp_path)
    endpoint = copied_example(LAYOUT.stand_in, "http_endpoint", tmp_path)
    bot = copied_example(LAYOUT.stand_in, "discordjs", tmp_path)
    (bot / "node_modules").symlink_to(node_packages() / "node_modules")
    with quick():
        stranger.install(wheels["discord_stand_in"], "pytest")
        assert not [module for module in OURS if stranger.imports(module)]
        stranger.run("pytest", "-q", endpoint)
        stranger.run("pytest", "-q", bot)
    subprocess.run([stranger.python.with_name("discord-stand-in"), "--help"], check=True)


def test_the_emulators_example_runs_where_it_alone_is_installed(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    program = terraform.find(LAYOUT.cache)
    assert program is not None
    stranger = Stranger.made(tmp_path)
    # The provider that the set-up fetched, as a person's own settings name a mirror of theirs.
    settings = tmp_path / "terraform.rc"
    mirror = LAYOUT.terraform_data / "providers"
    settings.write_text(
        f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n'
    )
    wheel = f"{wheels['ecs_fleet_emulator']}[runtime]"
    example = copied_example(LAYOUT.emulator, "queue_workers", tmp_path)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    with quick():
        stranger.install(wheel, "pytest")
        assert not [module for module in OURS if stranger.imports(module)]
        stranger.run("pytest", "-q", example, TF_CLI_CONFIG_FILE=str(settings), PATH=path)
    subprocess.run([stranger.python.with_name("ecs-fleet-emulator"), "--help"], check=True)
