"""The socket of this machine's engine, for a container that is to start others."""

import os
import stat
from pathlib import Path

from emulation.rig.errors import StartError

_DEFAULT = "unix:///var/run/docker.sock"


def path() -> Path:
    """The socket as this machine sees it.

    Raises:
        StartError: the engine is elsewhere, and no container could be given its socket.
    """
    address = os.environ.get("DOCKER_HOST") or _DEFAULT
    if not address.startswith("unix://"):
        raise StartError(f"The fleet needs an engine on this machine, and DOCKER_HOST is {address}")
    return Path(address.removeprefix("unix://"))


def group(socket: Path) -> str:
    """The group that may use the socket; inside Docker Desktop's machine that is root's."""
    try:
        found = socket.stat()
    except OSError:
        return "0"
    return str(found.st_gid) if stat.S_ISSOCK(found.st_mode) else "0"
