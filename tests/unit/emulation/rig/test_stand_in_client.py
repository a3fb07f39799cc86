"""The client of the stand-in on a connection that the stand-in closes."""

import socket
import threading
from collections.abc import Iterator

import pytest

from emulation.rig.errors import ControlError
from emulation.rig.stand_in_client import StandInClient

ANSWER = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"faults": {}}'
)


@pytest.fixture
def asked() -> list[str]:
    """The methods of the requests that reached the server."""
    return []


@pytest.fixture
def client(asked: list[str]) -> Iterator[StandInClient]:
    """A client of a server that reads the first request and closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in (b"", ANSWER):
                connection, _ = server.accept()
                with connection:
                    asked.append(connection.recv(65536).split()[0].decode())
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield StandInClient(f"http://127.0.0.1:{server.getsockname()[1]}")


def test_a_question_is_asked_again_on_a_new_connection(
    client: StandInClient, asked: list[str]
) -> None:
    assert client.chaos() == {"faults": {}}
    assert asked == ["GET", "GET"]


def test_a_change_is_not_made_twice(client: StandInClient, asked: list[str]) -> None:
    with pytest.raises(ControlError, match="does not answer"):
        client.set_chaos({})
    assert asked == ["PUT"]
