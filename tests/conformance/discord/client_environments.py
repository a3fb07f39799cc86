"""Environments for clients that cannot be in the project's own: each holds one library alone."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain.environments import uv_of
from toolchain.layout import Layout

HERE = Path(__file__).parent
BOTS = HERE / "gateway_clients"


def environment_of(library: str, python: str | Path = sys.executable) -> str:
    """The Python of an environment that holds a library, as its lock file has it.

    py-cord is imported by the same name as discord.py, which the project's environment holds.
    """
    layout = Layout.of_this_checkout()
    folder, lock = layout.build / "gateway_clients" / library, BOTS / f"{library}.txt"
    own, installed = folder / "bin" / "python", folder / lock.name
    if not installed.is_file() or installed.read_bytes() != lock.read_bytes():
        uv = str(uv_of(layout))
        shutil.rmtree(folder, ignore_errors=True)
        for words in (
            ["venv", "--quiet", "--no-project", "--python", str(python), str(folder)],
            ["pip", "install", "-q", "--require-hashes", "--python", str(own), "-r", str(lock)],
        ):
            subprocess.run([uv, *words], cwd=layout.build, check=True, timeout=240)
        shutil.copy(lock, installed)
    return str(own)


def node_packages() -> Path:
    """The folder in which Node finds discord.js and @discordjs/rest, as the lock file has them."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs Node.js and npm: apt-get install nodejs npm")
    folder = Layout.of_this_checkout().build / "discordjs"
    folder.mkdir(parents=True, exist_ok=True)
    files = [HERE / name for name in ("package.json", "package-lock.json")]
    installed = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    is_current = installed.is_file() and lock.read_bytes() == files[1].read_bytes()
    for file in files:
        shutil.copy(file, folder / file.name)
    if not is_current:
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, timeout=240)
    return folder
