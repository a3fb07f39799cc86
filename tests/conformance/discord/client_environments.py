"""Environments for clients that cannot be in the project's own: each holds one library alone."""

import shutil
import subprocess
import sys
from pathlib import Path

from toolchain.environments import uv_of
from toolchain.layout import Layout

BOTS = Path(__file__).parent / "gateway_clients"


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
