"""`python -m emulation.rig.doctor`: what this machine can do, and the target to use.

A check says what was found, for which target it is needed, and how to get what is missing. Standard
library only, and on any Python from 3.8 on: `make doctor` works before anything is set up. The exit
status is 0 where at least one target can be used.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulation.rig.docker import engine
from emulation.rig.remedies import Machine
from toolchain import docker, environments, terraform
from toolchain.errors import DockerError
from toolchain.layout import Layout
from toolchain.terminal import spell_out

HOST, DOCKER, GPU = "host", "docker", "gpu"
PORTS = {4566: "the emulator", 8700: "the stand-in for Discord"}
COMPOSE = (2, 20)
"""The first with `additional_contexts` and `start_interval` as docker-compose.yml uses them."""
MINIMUM_PYTHON = (3, 11)
_GIB = 1024**3
_DISK = {HOST: 6, DOCKER: 12, GPU: 25}
"""GiB: environments and provider; images and their build; the same with CUDA's libraries."""
COMMANDS = {
    HOST: "make local-up",
    DOCKER: "make local-up RUNTIME=docker",
    GPU: "make local-up RUNTIME=docker",
}
_REASONS = {
    HOST: "everything in processes: the quickest to start and to change",
    DOCKER: "everything in containers, from the images that AWS runs",
    GPU: "everything in containers, and workers on the GPU",
}


@dataclass(frozen=True)
class Check:
    """One line of the examination. `needed` names targets; empty: for information only."""

    name: str
    found: str
    ok: bool = True
    needed: tuple[str, ...] = ()
    remedy: str = ""


def all_checks(layout: Layout) -> list[Check]:
    """All checks of this machine, in the order in which they are shown."""
    machine = Machine.this(platform.system())
    engine_version, message = _engine()
    return [
        _machine(),
        _python(),
        _emulator_python(layout),
        _terraform(layout),
        _set_up(layout),
        *_docker_parts(machine, engine_version, message),
        *_gpu_parts(machine, engine_version),
        *_ports(),
        _disk(layout),
    ]


def _machine() -> Check:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    found = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, {memory:.0f} GiB"
    return Check("machine", found, memory > 5, (HOST, DOCKER), "6 GiB of memory are needed")


def _python() -> Check:
    ok = sys.version_info[:2] >= MINIMUM_PYTHON
    wanted = ".".join(map(str, MINIMUM_PYTHON))
    found = f"{platform.python_version()} ({sys.executable})"
    newer = None if ok else environments.find_python(environments.PYTHON_OF_LAMBDA)
    remedy = f"make PYTHON={newer or f'/path/to/python{wanted}'} ..."
    return Check("Python", found, ok, (HOST, DOCKER), remedy)


def _emulator_python(layout: Layout) -> Check:
    version = environments.PYTHON_OF_LAMBDA
    found = environments.find_python(version)
    fetched = sorted((layout.cache / "python").glob(f"cpython-{version}*"))
    text = str(found or (fetched[0] if fetched else "none: make setup fetches it"))
    return Check(f"Python {version}", text)


def _terraform(layout: Layout) -> Check:
    program = terraform.find(layout.cache)
    if program is None:
        return Check("Terraform", "none: make setup fetches it")
    version = ".".join(map(str, terraform.version_of(program) or ()))
    return Check("Terraform", f"{version} ({program})")


def _set_up(layout: Layout) -> Check:
    done = (layout.stamps / "project-packages").exists()
    return Check("set up", "yes" if done else "not yet: make setup, or the first make demo")


def _docker(*words: str) -> str | None:
    try:
        return docker.run(*words, timeout=20).strip() or None
    except DockerError:
        return None


def _engine() -> tuple[str | None, str]:
    """The engine's version if it answers, and the client's message if not."""
    try:
        return docker.run("version", "--format", "{{.Server.Version}}", timeout=20).strip(), ""
    except DockerError as error:
        return None, str(error)


def _docker_parts(machine: Machine, engine_version: str | None, message: str) -> Iterator[Check]:
    client = shutil.which("docker")
    install = machine.docker()
    yield Check("Docker client", client or "none", client is not None, (DOCKER,), install)
    start = machine.engine(message) if client else install
    yield Check(
        "Docker engine",
        engine_version or "does not answer",
        engine_version is not None,
        (DOCKER,),
        start,
    )
    compose = _docker("compose", "version", "--short")
    wanted = ".".join(map(str, COMPOSE))
    ok = compose is not None and version(compose) >= COMPOSE
    remedy = machine.plugin("compose")
    found = compose or "none"
    shown = found if ok else f"{found}; {wanted} is needed at the least"
    yield Check("Docker Compose", shown, ok, (DOCKER,), remedy)
    buildx = _docker("buildx", "version")
    remedy = machine.plugin("buildx")
    yield Check("Docker Buildx", buildx or "none", buildx is not None, (DOCKER,), remedy)


def version(text: str) -> tuple[int, ...]:
    """The first two numbers of a version: (2, 26) of v2.26.1."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else ()


def _gpu_parts(machine: Machine, engine_version: str | None) -> Iterator[Check]:
    gpus = engine.gpus()
    if not gpus and not engine.is_built_in():
        found = "none is built in, so no driver or container toolkit: workers draw on the CPU"
        yield Check("NVIDIA GPU", found, False, (GPU,), "a machine that has one")
        return
    driver = gpus[0].driver if gpus else "none, and there is a GPU: workers draw on the CPU"
    yield Check("NVIDIA driver", driver, bool(gpus), (GPU,), machine.driver())
    toolkit = engine_version is not None and engine.has_toolkit()
    found = "yes" if toolkit else "the engine does not know of it"
    yield Check("NVIDIA container toolkit", found, toolkit, (GPU,), machine.toolkit())
    for gpu in gpus:
        yield Check(f"GPU {gpu.index}", f"{gpu.name}, {gpu.memory_mib / 1024:.0f} GiB of memory")


def _ports() -> Iterator[Check]:
    for port, user in PORTS.items():
        with socket.socket() as probe:
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
        text = "in use: a free one is taken instead" if taken else "free"
        yield Check(f"port {port}", f"{text} ({user})")


def _disk(layout: Layout) -> Check:
    free = shutil.disk_usage(_existing(layout.cache)).free / _GIB
    needed = ", ".join(f"{gib} GiB for {target}" for target, gib in _DISK.items())
    remedy = f"docker system prune, make clean ({needed})"
    short = tuple(target for target, gib in _DISK.items() if free < gib)
    return Check("disk", f"{free:.0f} GiB free", not short, short, remedy)


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


@dataclass(frozen=True)
class Examination:
    """All checks, the targets that can be used, and the best of them; None where there is none."""

    checks: tuple[Check, ...]
    usable: tuple[str, ...]
    target: str | None

    def as_text(self) -> str:
        """For people: a line for each check, a remedy for each lack, the advice."""
        lines = [line for check in self.checks for line in _lines(check)]
        advice = [f"  {COMMANDS[target]:<30}{_REASONS[target]}" for target in self.usable]
        if not self.target:
            return "\n".join([*lines, "", "No target can be used yet.", ""])
        return "\n".join([*lines, "", f"Use: {COMMANDS[self.target]}", "Usable:", *advice, ""])


def advise(checks: Sequence[Check]) -> Examination:
    """The targets that the checks allow; the GPU is the best: only it draws as fast as on AWS."""
    lacking = {target for check in checks if not check.ok for target in check.needed}
    usable = [target for target in (HOST, DOCKER) if target not in lacking]
    if DOCKER in usable and GPU not in lacking:
        usable[usable.index(DOCKER)] = GPU
    best = GPU if GPU in usable else next(iter(usable), None)
    return Examination(tuple(checks), tuple(usable), best)


def _lines(check: Check) -> list[str]:
    mark = "✓" if check.ok else "✗"
    line = f"  {mark} {check.name:<26}{check.found}"
    if check.ok:
        return [line]
    return [line, f"{'':30}for {', '.join(check.needed)}: {check.remedy}"]


def main() -> int:
    """Print the examination; returns the exit status."""
    found = advise(all_checks(Layout.of_this_checkout()))
    spell_out()
    sys.stdout.write(found.as_text())
    return 0 if found.target else 1


if __name__ == "__main__":
    sys.exit(main())
