"""`fork_request.py ADDRESS KIND`: asks a template for a fork with this process's standard files.

This process is what others see of the fork: it ends with it, and the fork with it. Standard library
only: it starts by path, without site packages, in a few milliseconds.
"""

import os
import signal
import socket
import sys

LANE, FORK_SERVER = "lane", "fork-server"
"""Kinds of forks: a process of pytest-xdist, and the fork server of a stack's workers."""


def command(address: str, kind: str) -> list[str]:
    """The command of such a process."""
    return [sys.executable, "-I", "-S", __file__, address, kind]


def main(address: str, kind: str) -> None:
    """Return when the fork has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the fork, which then ends
    with socket.socket(socket.AF_UNIX) as template:
        template.connect(address)
        socket.send_fds(template, [kind.encode()], [0, 1, 2])
        # Who reads the fork's output sees its end as soon as the fork has closed it.
        os.closerange(0, 2)
        template.recv(1)


if __name__ == "__main__":
    main(*sys.argv[1:3])  # xdist adds words for an interpreter
