"""The gateway's HTTP server passes requests and answers on byte for byte, and keeps connections."""

import http.client
import io
import json
import math
import socket
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest

from ecs_fleet_emulator import http_server
from ecs_fleet_emulator.http_server import Header, HttpServer
from emulation.rig.waiting import wait_until

LONGEST = 1000
"""Bytes of a body, of a request with the header X-Short."""


class Application:
    """Answers with what it was given; by path with parts, with nothing, or when it may."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.closed = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/waits":
            self.begun.set()
            self.may_end.wait(20)
        if path == "/empty":
            start_response("204 No Content", [("X-Own", "1")])
            return []
        if path == "/parts":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return self._parts()
        body = json.dumps(
            {
                "path": path,
                "query": environ["QUERY_STRING"],
                "raw": environ["RAW_URI"],
                "body": environ["wsgi.input"].read().decode(),
                "headers": [
                    [one.decode("latin-1") for one in pair] for pair in environ["rolo.headers"]
                ],
                "named": environ.get("HTTP_X_AMZ_TARGET"),
                "from": [environ["REMOTE_ADDR"], environ["REMOTE_PORT"]],
            }
        ).encode()
        headers = [("x-amzn-RequestId", "a"), ("x-Two", "1"), ("x-Two", "2"), ("Server", "own")]
        start_response("299 Odd", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    def _parts(self) -> Iterator[bytes]:
        try:
            yield b"one"
            yield b""
            yield b"two"
        finally:
            self.closed += 1


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def server(application: Application) -> Iterator[HttpServer]:
    def longest_body(header: Header) -> float:
        return LONGEST if header("X-Short") else math.inf

    server = HttpServer("127.0.0.1", 0, application, longest_body)  # type: ignore[arg-type]
    server.start()
    yield server
    application.may_end.set()
    server.stop(0)


@pytest.fixture
def client(server: HttpServer) -> Iterator[httpx.Client]:
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        yield client


def test_requests_arrive_as_they_were_sent_over_one_connection(client: httpx.Client) -> None:
    headers = {"X-Amz-Target": "DynamoDB.GetItem", "x-amz-meta-Name": "v"}
    # httpx takes a relative address that begins with two slashes for one of another host.
    url = f"{client.base_url}//a%20b/%E2%98%83?x=1&y=%2F"
    answers = [
        client.request(method, url, content="☃", headers=headers).json()
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS")
    ]
    for answer in answers:
        assert answer["path"].encode("latin-1").decode() == "//a b/☃"
        assert answer["query"] == "x=1&y=%2F"
        assert answer["raw"] == "//a%20b/%E2%98%83?x=1&y=%2F"
        assert answer["body"] == "☃"
        assert answer["named"] == "DynamoDB.GetItem"
        assert ["x-amz-meta-Name", "v"] in answer["headers"]
    assert len({tuple(answer["from"]) for answer in answers}) == 1


def test_answers_arrive_as_the_application_gave_them(client: httpx.Client) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.reason_phrase) == (299, "Odd")
    assert answer.headers.get_list("x-two") == ["1", "2"]
    assert answer.headers["server"] == "own"
    assert "date" in answer.headers
    assert (b"x-amzn-RequestId", b"a") in answer.headers.raw
    head = client.head("/")
    assert head.content == b""
    assert head.headers["content-length"] != "0"
    empty = client.get("/empty")
    assert (empty.status_code, empty.content, empty.headers["x-own"]) == (204, b"", "1")
    assert "transfer-encoding" not in empty.headers


def test_bodies_of_unknown_length_are_sent_in_chunks_both_ways(
    client: httpx.Client, application: Application
) -> None:
    assert client.post("/", content=iter([b"ab", b"cd"])).json()["body"] == "abcd"
    answer = client.get("/parts")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.text == "onetwo"
    assert application.closed == 1


def test_trailers_and_extensions_of_chunks_are_read_and_discarded(server: HttpServer) -> None:
    chunks = (
        b'2;name="a;b"\r\nab\r\n1 \r\nc\r\n0\r\nx-amz-checksum-crc32: AAAAAA==\r\nX-Two: 2\r\n\r\n'
    )
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTrailer: x-amz-checksum-crc32\r\n"
    sent = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    received = exchange(server, sent + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    first, second = received.split(b"HTTP/1.1 299 Odd")[1:]
    answer = json.loads(first.partition(b"\r\n\r\n")[2])
    assert answer["body"] == "abc"
    assert "X-Two" not in dict(answer["headers"])
    assert b'"path": "/next"' in second


def test_connections_beyond_the_most_are_refused_until_one_ends(
    monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    monkeypatch.setattr(http_server, "MOST_CONNECTIONS", 2)
    server = HttpServer("127.0.0.1", 0, application)  # type: ignore[arg-type]
    server.start()
    address = ("127.0.0.1", int(server.server_address[1]))
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    def answered(connection: socket.socket) -> bytes:
        connection.sendall(request)
        return connection.recv(65536)

    def is_answered() -> bool:
        try:
            return b" 299 " in exchange(server, request)
        except OSError:  # refused, with the request unread
            return False

    with socket.create_connection(address, 20) as first:
        with socket.create_connection(address, 20) as second:
            assert answered(first).startswith(b"HTTP/1.1 299 ")
            assert answered(second).startswith(b"HTTP/1.1 299 ")
            with socket.create_connection(address, 20) as third:
                refusal = b"".join(iter(lambda: third.recv(65536), b""))
            assert refusal.startswith(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close")
            assert refusal.endswith(b"the emulator has 2 open connections, its most")
            assert answered(first).startswith(b"HTTP/1.1 299 ")
        wait_until(is_answered, "a place is free")
    server.stop(0)


@pytest.mark.parametrize(("files", "most"), [(256, 128), (10_000, 1000), (-1, 1000)])
def test_the_connections_leave_half_of_the_files_that_may_be_open(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    monkeypatch.setattr(http_server.resource, "getrlimit", lambda _: (files, files))
    assert http_server.most_connections() == most


def exchange(server: HttpServer, sent: bytes) -> bytes:
    """What a connection receives until the server closes it."""
    with socket.create_connection(("127.0.0.1", int(server.server_address[1])), 20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_client_that_asks_first_is_told_to_go_on_before_it_sends_its_body(
    server: HttpServer,
) -> None:
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(server.server_address[1])), 20) as connection:
        connection.sendall(head)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ab")
        assert connection.recv(65536).startswith(b"HTTP/1.1 299 Odd\r\n")


def test_a_path_that_is_not_quoted_arrives_as_it_was_sent(server: HttpServer) -> None:
    received = exchange(server, "GET /☃ HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    path = json.loads(received.partition(b"\r\n\r\n")[2])["path"]
    assert path.encode("latin-1").decode() == "/☃"


@pytest.mark.parametrize("space", [b"\xa0", b"\x85", b"\x1c"])
def test_a_path_with_what_python_takes_for_a_space_is_refused_and_not_cut(
    server: HttpServer, space: bytes
) -> None:
    received = exchange(server, b"GET /a" + space + b"b HTTP/1.1\r\nHost: a\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 400 ")


def test_a_form_with_parts_is_a_request(client: httpx.Client) -> None:
    assert 'name="a"' in client.post("/", files={"a": b"b"}).json()["body"]


def test_errors_of_the_application_are_logged(
    server: HttpServer, application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    application.begun = None  # type: ignore[assignment]  # the application fails
    assert exchange(server, b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n") == b""
    assert "AttributeError" in caplog.text


def test_the_address_of_a_proxys_request_is_its_path(server: HttpServer) -> None:
    received = exchange(server, b"GET http://sns.amazonaws.com/a?b=c HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b'"path": "/a", "query": "b=c"' in received


def test_an_old_client_gets_parts_until_the_connection_ends(server: HttpServer) -> None:
    received = exchange(server, b"GET /parts HTTP/1.0\r\n\r\n")
    assert received.endswith(b"\r\n\r\nonetwo")
    assert b"chunked" not in received


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\na",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: a",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + 101 * b"a: b\r\n" + b"\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: "
        + 70000 * b"b"
        + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n0123456789",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nno header\r\nOrigin: http://b\r\n\r\n",
        b"POST / HTTP/1.1\r\n Host: a\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_ends_the_connection(
    server: HttpServer, sent: bytes
) -> None:
    received = exchange(server, sent)
    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("chunks", [True, False])
def test_a_body_that_is_too_long_is_refused_before_it_is_read(
    server: HttpServer, client: httpx.Client, *, chunks: bool
) -> None:
    body = b"a" * LONGEST
    content = iter([body]) if chunks else body
    assert client.post("/", content=content, headers={"X-Short": "1"}).status_code == 299
    head = b"POST / HTTP/1.1\r\nX-Short: 1\r\n"
    length = b"Transfer-Encoding: chunked" if chunks else b"Content-Length: 1000000000"
    begun = b"3b9aca00\r\n" + 20 * body if chunks else b""
    with socket.create_connection(("127.0.0.1", int(server.server_address[1])), 20) as connection:
        connection.sendall(head + length + b"\r\n\r\n" + begun)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("ends", [True, False])
def test_a_stop_waits_a_while_for_the_requests_that_run(
    server: HttpServer, application: Application, client: httpx.Client, *, ends: bool
) -> None:
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(client.get("/waits").status_code))
    asking.start()
    assert application.begun.wait(20)
    if ends:
        threading.Timer(0.05, application.may_end.set).start()
    server.stop(20 if ends else 0.05)
    assert ends or not answers
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(server.server_address[1])), 5)
    application.may_end.set()
    asking.join(20)
    assert answers == [299]


def test_a_server_that_never_started_can_be_stopped(application: Application) -> None:
    server = HttpServer("127.0.0.1", 0, application)  # type: ignore[arg-type]
    server.stop(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(server.server_address[1])), 5)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("A: 1\r\nb:two \r\na: 3", [["A", "1"], ["b", "two "], ["a", "3"]]),
        ("A: \t\xe4:1\nB:", [["A", "\xe4:1"], ["B", ""]]),
        ("A: 1\r\n  folded", [["A", "1\r\n  folded"]]),
    ],
)
def test_headers_mean_what_they_mean_to_python(
    server: HttpServer, lines: str, expected: list[list[str]]
) -> None:
    parsed = http.client.parse_headers(io.BytesIO(f"{lines}\r\n\r\n".encode("latin-1")))
    assert [list(one) for one in parsed.items()] == expected
    request = f"GET / HTTP/1.1\r\n{lines}\r\nConnection: Close\r\n\r\n".encode("latin-1")
    with socket.create_connection(server.server_address) as connection:  # type: ignore[arg-type]
        connection.sendall(request)
        answer = connection.makefile("rb").read()
    received = json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]
    assert received == [*expected, ["Connection", "Close"]]


@pytest.mark.parametrize("lines", ["A: " + "x" * 70_000, "\r\n".join(["A: 1"] * 101)])
def test_headers_without_end_are_refused(server: HttpServer, lines: str) -> None:
    with socket.create_connection(server.server_address) as connection:  # type: ignore[arg-type]
        connection.sendall(f"GET / HTTP/1.1\r\n{lines}\r\n\r\n".encode())
        assert connection.makefile("rb").readline().split()[1] == b"431"
