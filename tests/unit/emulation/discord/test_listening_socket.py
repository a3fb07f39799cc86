"""The socket that the stand-in listens on."""

import socket

from discord_stand_in.command_line import listening_socket


def test_an_answer_does_not_wait_until_the_one_before_is_acknowledged() -> None:
    """A client's system acknowledges late: its first event would come 40 ms after READY."""
    with (
        listening_socket("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
