"""The stand-in and the emulator tell requests of foreign web pages from those of programs alike."""

from collections.abc import Callable

import pytest
from starlette.datastructures import Headers

from discord_stand_in import browser_security
from ecs_fleet_emulator import foreign_requests

Refusal = Callable[[Headers, tuple[str, ...]], str]
OWN = ("rig.test",)


def of_emulator(headers: Headers, own_names: tuple[str, ...]) -> str:
    return foreign_requests.refusal(headers.get, own_names)


BOTH = pytest.mark.parametrize("refusal", [of_emulator, browser_security.refusal])


@BOTH
@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1:4566",
            "127.0.0.1",
            "127.8.9.1:80",
            "[::1]:4566",
            "localhost:8700",
            "LOCALHOST",
        ),
        *("bucket.s3.localhost:4566", "a1b2.execute-api.localhost:4566", "rig.test:1"),
    ],
)
def test_programs_that_name_this_machine_are_served(refusal: Refusal, host: str) -> None:
    assert refusal(Headers({"Host": host}), OWN) == ""
    # A page of the server itself, and an address that a person typed.
    own_page = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert refusal(Headers(own_page), OWN) == ""
    assert refusal(Headers({"Host": host, "Sec-Fetch-Site": "none"}), OWN) == ""


@BOTH
@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:4566", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("evillocalhost", "localhost.", "sub.rig.test", "192.168.1.7:4566", "0.0.0.0:4566"),
        *("127.0.0.1@evil.example", "evil.example/127.0.0.1", "[::1", "", " "),
        # Names that somebody's server of names leads here, or elsewhere.
        *("localhost.localstack.cloud:4566", "127.0.0.1.nip.io", "sqs.us-east-1.amazonaws.com"),
    ],
)
def test_a_request_for_another_host_is_refused(refusal: Refusal, host: str) -> None:
    assert "127.0.0.1" in refusal(Headers({"Host": host}), OWN)


@BOTH
def test_a_request_without_a_host_is_refused(refusal: Refusal) -> None:
    assert refusal(Headers({}), OWN)


@BOTH
@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "null"},
        {"Origin": "file://"},
        {"Origin": "https://localhost:4566"},
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1:4566"},
        {"Origin": "http://localhost.evil.example:4566"},
        {"Origin": "http://localhost:4566.evil.example"},
        {"Origin": "https://app.localstack.cloud"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:4566"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    ],
    ids=str,
)
def test_a_page_of_another_origin_is_refused(refusal: Refusal, sent: dict[str, str]) -> None:
    assert "another origin" in refusal(Headers({"Host": "localhost:4566", **sent}), OWN)
