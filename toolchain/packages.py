"""`python -m toolchain.packages build|publish`: the stand-in and the emulator as packages.

`publish` uploads what was built with `uv publish`: by the token in UV_PUBLISH_TOKEN, or in a
workflow that the index trusts (https://docs.astral.sh/uv/guides/package/#publishing-your-package).
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from toolchain.commands import clean_environment, run
from toolchain.environments import uv_of
from toolchain.errors import CommandFailedError
from toolchain.layout import Layout


def build(layout: Layout, folder: Path) -> list[Path]:
    """Build each package anew into a folder: a source archive, and the wheel from it; the wheels.

    Raises:
        CommandFailedError: one could not be built; the text says why.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        emulator = Path(temporary) / "emulator"
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*", "localemu")
        shutil.copytree(layout.emulator, emulator, ignore=ignored)
        _pin_runtime(layout, emulator / "pyproject.toml")
        for project in (layout.stand_in, emulator):
            run([uv_of(layout), "build", "--quiet", "--out-dir", folder, project])
    return sorted(folder.glob("*.whl"))


def _pin_runtime(layout: Layout, project: Path) -> None:
    """Let the extra `runtime` name the versions that the lock has, all of them.

    LocalStack and what it needs hardly bound their own dependencies.
    """
    words = ["export", "--quiet", "--frozen", "--no-hashes", "--no-annotate", "--no-header"]
    words += ["--no-emit-project", "--no-default-groups", "--extra", "runtime"]
    exported = run([uv_of(layout), *words, "--project", layout.emulator])
    pins = [line.replace('"', "'") for line in exported.splitlines() if "==" in line]
    listed = "".join(f'    "{pin}",\n' for pin in pins)
    text = project.read_text("utf-8")
    pinned = re.sub(
        r"(?ms)^runtime = \[$.*?^\]$", lambda _: f"runtime = [\n{listed}]", text, count=1
    )
    project.write_text(pinned, "utf-8")


def publish(layout: Layout, folder: Path) -> None:
    """Upload what is in a folder; what the index has already is left out.

    Raises:
        CommandFailedError: the index refused it, or there is no token.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix in (".whl", ".gz"))
    run([uv_of(layout), "publish", *files], env=clean_environment())


def main(words: list[str]) -> int:
    """Do what the command line says; return the exit status."""
    layout = Layout.of_this_checkout()
    folder = layout.build / "packages"
    if words not in (["build"], ["publish"]):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        for wheel in build(layout, folder):
            sys.stdout.write(f"{wheel.relative_to(layout.root)}\n")
        if words == ["publish"]:
            publish(layout, folder)
    except CommandFailedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
