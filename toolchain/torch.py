"""Choose the build of torch: the CPU's unless CUDA is asked for, since CUDA's takes gigabytes."""

import json
import platform
from pathlib import Path

from .commands import clean_environment, run
from .errors import CommandFailedError, SetupError

BUILDS = ("cpu", "cuda")


def install(python: Path, uv: Path, requirement: str, build: str) -> None:
    """Install torch into the environment of `python`.

    Args:
        python: the environment's interpreter.
        uv: the installer, which knows PyTorch's own indexes by the name of a build.
        requirement: for example `torch==2.13.0`.
        build: one of `BUILDS`.

    Raises:
        SetupError: no CPU build is to be had by this interpreter.
    """
    if build not in BUILDS:
        raise SetupError(f"TORCH={build!r} is not a build of torch: use one of {', '.join(BUILDS)}")
    backend = "cpu" if build == "cpu" else "auto"
    # PyTorch's index answers or it does not: without a network, retries only cost time.
    env = clean_environment() | {"UV_HTTP_RETRIES": "0"}
    base: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", python]
    # Every build of a version satisfies its requirement: one that stands would never be replaced.
    base += ["--reinstall-package", "torch", "--torch-backend", backend]
    try:
        run([*base, requirement], env=env)
    except CommandFailedError:
        _install_with_pip(python, requirement, build)


def _install_with_pip(python: Path, requirement: str, build: str) -> None:
    """Take what pip is configured to find, but never CUDA's packages unasked."""
    if build == "cpu" and platform.system() == "Linux":
        _refuse_cuda(python, requirement)
    # Only torch itself is replaced: what it needs stays if it is right.
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet"]
    run([*pip, "--force-reinstall", "--no-deps", requirement], env=clean_environment())
    run([*pip, requirement], env=clean_environment())


def _refuse_cuda(python: Path, requirement: str) -> None:
    resolve: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--dry-run"]
    resolve += ["--ignore-installed", "--no-deps", "--report", "-", requirement]
    report = json.loads(run(resolve, env=clean_environment()))
    version = str(report["install"][0]["metadata"]["version"])
    if "+cpu" not in version:
        raise SetupError(
            f"PyTorch's CPU index can't be reached, and pip would install {requirement} as"
            f" {version} with gigabytes of CUDA packages. Put a CPU wheel where pip looks"
            " (PIP_FIND_LINKS=folder), or accept CUDA's with TORCH=cuda."
        )
