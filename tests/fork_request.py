"""Asks a template for a fork with the standard input, output and error of this process.

This process is what pytest-xdist sees of the fork: it ends with it, and the fork with it. Standard
library only: it starts by path, without site packages, in a few milliseconds.
"""

import os
import signal
import socket
import sys


def main(address: str) -> None:
    """Return when the fork has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the fork, which then ends
    with socket.socket(socket.AF_UNIX) as template:
        template.connect(address)
        socket.send_fds(template, [b"fork"], [0, 1, 2])
        # Who reads the fork's output sees its end as soon as the fork has closed it.
        os.closerange(0, 2)
        template.recv(1)


if __name__ == "__main__":
    main(sys.argv[1])
