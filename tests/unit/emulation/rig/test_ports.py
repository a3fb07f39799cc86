"""Ports of a stack: the same at each start, and it is said who has one that is taken."""

import os
import socket

import pytest

from emulation.rig.loopback import choose_port, is_free


def test_a_free_port_is_taken_as_asked() -> None:
    with socket.socket() as own:  # so that no other program gets it, though nobody listens
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind(("127.0.0.1", 0))
        port = own.getsockname()[1]
        assert choose_port(port) == port
        assert choose_port(port, owner="/here") == port


def test_in_the_place_of_a_taken_port_each_checkout_has_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        chosen = choose_port(taken, owner="/here")
        assert chosen == choose_port(taken, owner="/here")
        assert chosen != choose_port(taken, owner="/there")
        assert is_free(chosen)
        assert 20_000 <= chosen < 30_000
        assert choose_port(taken, taken=chosen, owner="/here") != chosen
    said = capsys.readouterr().err.splitlines()[0]
    assert said.startswith(f"Port {taken} is taken by ")
    assert said.endswith(f"(pid {os.getpid()}); {chosen} is used.")
