"""The Python environments of a checkout: uv installs them from the committed locks."""

from __future__ import annotations

import os
import platform
import shutil
import venv
from collections.abc import Iterator
from pathlib import Path

from toolchain.commands import clean_environment, run
from toolchain.errors import CommandFailedError, SetupError
from toolchain.layout import Layout, python_of

PYTHON_OF_LAMBDA = "3.13"
"""AWS's runtime `python3.13`, which the Lambda functions name; LocalStack needs 3.12 or newer."""
TORCH_BUILDS = ("cpu", "cuda")


def uv_of(layout: Layout) -> Path:
    """The program uv, which is installed in the project's own environment."""
    return python_of(layout.environment).with_name("uv")


def create_project_environment(layout: Layout) -> None:
    """Create the project's own environment, holding only pip and uv so far.

    Raises:
        SetupError: this Python lacks its `venv` or `ensurepip`.
    """
    try:
        builder = venv.EnvBuilder(with_pip=True, clear=True, symlinks=os.name != "nt")
        builder.create(layout.environment)
    except Exception as error:  # venv reports a missing ensurepip as a failed program
        raise SetupError(
            f"Could not make a virtual environment ({error}). On Debian and Ubuntu:"
            " `apt-get install python3-venv`."
        ) from error
    requirements = layout.root / "requirements" / "installer.txt"
    run([python_of(layout.environment), "-m", "pip", "install", "--quiet", "-r", requirements])


def sync_project(layout: Layout) -> None:
    """Install the project, editable, with everything that development and running it need."""
    # Inexact: torch, pip and uv, which are not in the lock, are not removed.
    _sync(layout, layout.root, layout.environment, "--all-extras", "--inexact")


def install_into(layout: Layout, folder: Path, lock: Path) -> None:
    """Install the packages of an exported lock into a folder that no environment reads."""
    shutil.rmtree(folder, ignore_errors=True)
    words: list[str | Path] = [
        "pip",
        "install",
        "--quiet",
        "--python",
        python_of(layout.environment),
    ]
    words += ["--no-deps", "--require-hashes", "--target", folder, "-r", lock]
    run([uv_of(layout), *words], env=clean_environment())


def create(layout: Layout, environment: Path, project: Path, *words: str) -> None:
    """Create another environment, on Python 3.13, with the packages in a uv project's lock."""
    python = find_or_fetch_python(uv_of(layout), layout.cache / "python")
    shutil.rmtree(environment, ignore_errors=True)
    run([uv_of(layout), "venv", "--quiet", "--no-project", "--python", python, environment])
    _sync(layout, project, environment, *words)


def _sync(layout: Layout, project: Path, environment: Path, *words: str) -> None:
    # Frozen: the lock is used unchanged, whatever index a person has configured; `make lint`
    # checks that it fits pyproject.toml. uv verifies the hashes.
    base: list[str | Path] = [uv_of(layout), "sync", "--quiet", "--frozen", "--project", project]
    run([*base, *words], env={**clean_environment(), "UV_PROJECT_ENVIRONMENT": str(environment)})


def install_node_packages(project: Path, folder: Path) -> None:
    """Install what a package-lock.json lists, by its hashes, in a folder outside of its project.

    Raises:
        SetupError: npm is missing.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SetupError("npm is needed to build the documentation: `apt-get install npm`.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(project / name, folder)
    # No package's own script is run.
    words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    run([npm, *words, "--prefix", folder], env=clean_environment())


def install_torch(layout: Layout, build: str) -> None:
    """Install torch in a build of `TORCH_BUILDS`: the CPU's, or CUDA's, which takes gigabytes.

    Raises:
        SetupError: no CPU build can be reached or found.
    """
    lines = (layout.root / "requirements" / "torch.txt").read_text().splitlines()
    requirement = next(line for line in lines if line and not line.startswith("#"))
    backend = "cpu" if build == "cpu" else "auto"
    try:
        _install_torch(layout, "--torch-backend", backend, requirement)
    except CommandFailedError:
        if build == "cpu" and platform.system() == "Linux":
            _install_cpu_wheel(layout, requirement)
        else:
            # PyPI's build, and all that only torch needs, by their hashes.
            lock = layout.root / "docker" / "torch.lock"
            _install_torch(layout, "--require-hashes", "-r", lock)


def _install_torch(layout: Layout, *words: str | Path) -> None:
    base: list[str | Path] = [uv_of(layout), "pip", "install", "--quiet"]
    # Every build of a version satisfies its requirement, so an installed one would stay.
    base += ["--python", python_of(layout.environment), "--reinstall-package", "torch"]
    # Without a network, retries of PyTorch's index only cost time.
    env = {**clean_environment(), "UV_HTTP_RETRIES": "0"}
    # Outside of the checkout, because its pyproject.toml makes uv leave torch out.
    run([*base, *words], env=env, folder=Path(layout.root.anchor))


def _install_cpu_wheel(layout: Layout, requirement: str) -> None:
    """Install a CPU wheel from this machine's disk; PyPI's wheel would bring CUDA's packages."""
    folders = _wheel_folders(python_of(layout.environment))
    try:
        places = [word for folder in folders for word in ("--find-links", folder)]
        _install_torch(layout, *places, f"{requirement}+cpu")
    except CommandFailedError as error:
        raise SetupError(
            f"PyTorch's CPU index can't be reached, and no CPU wheel of {requirement} is where pip"
            f" looks ({', '.join(folders) or 'nowhere'}); PyPI's brings gigabytes of CUDA packages."
            " Put a wheel there (PIP_FIND_LINKS=folder), or accept CUDA's with TORCH=cuda."
            f"\n{error}"
        ) from error


def _wheel_folders(python: Path) -> list[str]:
    """Folders and pages where pip looks for wheels; uv does not read pip's configuration."""
    if (chosen := os.environ.get("PIP_FIND_LINKS")) is not None:
        return chosen.split()
    try:
        return run([python, "-m", "pip", "config", "get", "global.find-links"]).split()
    except CommandFailedError:
        return []


def find_python(version: str) -> Path | None:
    """The first interpreter of `version` on this machine that runs, or None."""
    return next((path for path in _candidates(version) if _runs(path, version)), None)


def find_or_fetch_python(uv: Path, folder: Path) -> Path:
    """An interpreter for the emulator: this machine's, else one that uv downloads into `folder`.

    uv verifies the checksum of the download.

    Raises:
        SetupError: there is none and none can be downloaded.
    """
    version = PYTHON_OF_LAMBDA
    if found := find_python(version):
        return found
    env = {**clean_environment(), "UV_PYTHON_INSTALL_DIR": str(folder)}
    try:
        run([uv, "python", "install", "--no-bin", version], env=env)
        found_by_uv = run([uv, "python", "find", "--managed-python", version], env=env)
        return Path(found_by_uv.strip())
    except CommandFailedError as error:
        raise SetupError(
            f"Python {version} is needed for the emulator and was neither found nor fetched.\n"
            f"Install it (`apt-get install python{version}-venv`, `brew install python@{version}`"
            f" or `pyenv install {version}`) or name it: PYTHON_EMULATOR=/path/to/python{version}."
        ) from error


def _candidates(version: str) -> Iterator[Path]:
    """Paths where an interpreter of `version` may be; PYTHON_EMULATOR, if it is set, first."""
    if chosen := os.environ.get("PYTHON_EMULATOR"):
        yield Path(chosen)
    name = f"python{version}"
    if on_path := shutil.which(name):
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/{name}"), reverse=True)


def _runs(python: Path, version: str) -> bool:
    """Whether `python` runs and is of `version`: a shim of pyenv may exist and still not run."""
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return run([python, "-I", "-c", probe], timeout=20).strip() == version
    except CommandFailedError:
        return False
