"""Choose loopback ports: the ones people know where they are free, else any."""

import socket

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(preferred: int, *, taken: int = 0) -> int:
    """`preferred` if it is free, else any free port but `taken`; 0 always means any."""
    if preferred and preferred != taken and is_free(preferred):
        return preferred
    port = taken
    while port == taken:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
    return port
