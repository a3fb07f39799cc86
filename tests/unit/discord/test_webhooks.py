"""The webhook client, against a transport that answers as Discord does."""

import json
import logging
import re
import socket
import threading
import traceback
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import httpx
import pytest

from discord_diffusion.discord import errors, layout
from discord_diffusion.discord.rate_limits import RateLimits
from discord_diffusion.discord.webhooks import File, WebhookClient
from discord_diffusion.worker.errors import LeaseLostError
from tests.unit.worker.fakes import TOKEN

BASE = "https://discord.test/api/v10"
MESSAGE = {
    "id": "9",
    "content": "hello",
    "attachments": [{"id": "1", "filename": "5-0.png", "size": 3}],
    "embeds": [],
}
SHOWN = [layout.text("x")]


class Discord:
    """Answers with the responses that a test queued, else with a message; keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.now = 100.0
        self.slept: list[float] = []
        self.client = WebhookClient(
            BASE,
            transport=httpx.MockTransport(self._answer),
            rate_limits=RateLimits(lambda: self.now, self._sleep),
        )

    def edit(self, **changes: Any) -> Any:
        return self.client.edit_original_response("1", TOKEN, **{"components": SHOWN, **changes})

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else httpx.Response(200, json=MESSAGE)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(status: int, code: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": "no"}, headers=headers)


def parts(request: httpx.Request) -> dict[str, Any]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parsed = BytesParser(policy=HTTP).parsebytes(head + request.content)
    return {
        str(part.get_param("name", header="content-disposition")): part
        for part in parsed.iter_parts()
    }


def test_components_alone_are_sent_as_json_and_mention_nobody() -> None:
    discord = Discord()
    message = discord.edit(components=[layout.text("@everyone")])
    [request] = discord.requests
    assert (request.method, str(request.url)) == (
        "PATCH",
        f"{BASE}/webhooks/1/{TOKEN}/messages/@original",
    )
    assert request.headers["User-Agent"].startswith("DiscordBot (https://")
    assert json.loads(request.content) == {
        "flags": 1 << 15,
        "content": None,
        "embeds": [],
        "components": [{"type": 10, "content": "@everyone"}],
        "allowed_mentions": {"parse": []},
    }
    assert (message.id, message.text, message.filenames) == ("9", "hello", ("5-0.png",))


def test_files_are_sent_as_multipart_with_their_alt_texts() -> None:
    discord = Discord()
    discord.edit(
        files=[
            File("a.png", b"\x89PNG\r\n--x", "image/png", "a “red” circle"),
            File("b.webp", b"RIFF", "image/webp"),
        ]
    )
    found = parts(discord.requests[0])
    assert list(found) == ["payload_json", "files[0]", "files[1]"]
    payload = json.loads(found["payload_json"].get_payload(decode=True))
    assert payload["attachments"] == [
        {"id": 0, "filename": "a.png", "description": "a “red” circle"},
        {"id": 1, "filename": "b.webp", "description": ""},
    ]
    assert payload["allowed_mentions"] == {"parse": []}
    first = found["files[0]"]
    assert (first.get_filename(), first.get_content_type()) == ("a.png", "image/png")
    assert first.get_payload(decode=True).startswith(b"\x89PNG")


def test_an_empty_list_of_files_removes_the_attachments_and_none_keeps_them() -> None:
    discord = Discord()
    discord.edit(files=())
    discord.edit(files=None)
    emptied, kept = (json.loads(request.content) for request in discord.requests)
    assert emptied["attachments"] == []
    assert "attachments" not in kept


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal(404, 10015), errors.NotAnsweredYetError),
        (refusal(404, 10008), errors.InteractionGoneError),
        (refusal(404, 10003), errors.InteractionGoneError),
        (refusal(400, 50083), errors.InteractionGoneError),
        (refusal(404, 10062), errors.InteractionGoneError),
        (refusal(401, 50027), errors.InteractionGoneError),
        (httpx.Response(401, text="no JSON"), errors.InteractionGoneError),
        (refusal(413, 40005), errors.RequestTooLargeError),
        (refusal(400, 40005), errors.RequestTooLargeError),
        (httpx.Response(413, text="<html>"), errors.RequestTooLargeError),
        (refusal(400, 50035), errors.RequestRefusedError),
        (httpx.Response(400, json=["odd"]), errors.RequestRefusedError),
        (httpx.Response(502, text="bad gateway"), errors.UnavailableError),
        (httpx.ConnectError("reset"), errors.ConnectionFailedError),
        (httpx.ReadTimeout("slow"), errors.ConnectionFailedError),
        (httpx.RemoteProtocolError("cut"), errors.ConnectionFailedError),
    ],
)
def test_every_refusal_raises_its_own_error(
    answer: httpx.Response | Exception, expected: type[Exception]
) -> None:
    with pytest.raises(expected) as caught:
        Discord(answer).edit()
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (httpx.Response(429, json={"retry_after": 1.5, "global": False}), 1.5),
        (httpx.Response(429, headers={"Retry-After": "3"}), 3.0),
        (httpx.Response(429, json={"retry_after": "soon"}), 1.0),
    ],
)
def test_a_rate_limit_says_how_long(answer: httpx.Response, seconds: float) -> None:
    with pytest.raises(errors.RateLimitedError) as caught:
        Discord(answer).edit()
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError(f"cannot reach {BASE}/webhooks/1/{TOKEN}"),
        refusal(500, 0),
        refusal(400, 50035),
    ],
)
def test_the_token_is_in_no_error_and_no_log(
    answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(errors.ApiError) as caught:
        Discord(answer).edit()
    error: BaseException | None = caught.value
    while error is not None:
        assert TOKEN not in "".join(traceback.format_exception(error)) + repr(error)
        error = error.__cause__ or error.__context__
    assert TOKEN not in caplog.text


def limited(remaining: int, reset_after: float, bucket: str = "b") -> httpx.Response:
    return httpx.Response(
        200,
        json=MESSAGE,
        headers={
            "X-RateLimit-Bucket": bucket,
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset-After": str(reset_after),
        },
    )


def test_an_empty_bucket_is_waited_for() -> None:
    discord = Discord(limited(0, 1.25))
    discord.edit()
    discord.edit()
    assert discord.slept == [pytest.approx(1.25)]
    discord.edit()
    assert len(discord.slept) == 1, "the bucket has been refilled"


def test_a_call_that_would_wait_too_long_is_refused() -> None:
    discord = Discord(limited(0, 60))
    discord.edit()
    with pytest.raises(errors.RateLimitedError) as caught:
        discord.edit()
    assert caught.value.retry_after == pytest.approx(60)
    assert len(discord.requests) == 1, "nothing was sent that would be refused"


def test_an_edit_that_can_be_skipped_leaves_the_last_call_to_others() -> None:
    discord = Discord(limited(1, 2))
    discord.edit()
    with pytest.raises(errors.RateLimitedError):
        discord.edit(spare=1)
    discord.edit()
    assert (len(discord.requests), discord.slept) == (2, [])


def test_another_interaction_has_a_bucket_of_its_own() -> None:
    discord = Discord(limited(0, 4))
    discord.edit()
    discord.client.edit_original_response("1", "other-token", components=SHOWN)
    assert discord.slept == []


def test_a_global_limit_holds_for_all() -> None:
    discord = Discord(
        httpx.Response(429, json={"retry_after": 2.0, "global": True}, headers={"Retry-After": "2"})
    )
    with pytest.raises(errors.RateLimitedError):
        discord.edit()
    discord.client.get_original_response("1", "other-token")
    assert discord.slept == [pytest.approx(2.0)]


def test_buckets_that_were_reset_are_dropped() -> None:
    now = [0.0]
    limits = RateLimits(lambda: now[0])
    for number in range(3000):
        headers = {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "1"}
        limits.learn("PATCH", f"token-{number}", 200, headers)
        now[0] += 0.01
    assert len(vars(limits)["_allowances"]) <= 1000


@pytest.mark.parametrize("body", [b"", b"null", b"[1]", b'{"attachments": {"a": 1}}', b"\xff"])
def test_an_accepted_edit_stays_accepted_whatever_its_body(body: bytes) -> None:
    message = Discord(httpx.Response(200, content=body)).edit()
    assert message.filenames == ()


def test_the_token_cannot_lead_to_another_path() -> None:
    discord = Discord()
    discord.client.get_original_response("1", "../../users/@me?x=#")
    assert discord.requests[0].url.raw_path.decode().startswith("/api/v10/webhooks/1/..%2F")


def test_an_upload_that_is_stopped_by_its_fence_never_reaches_its_end() -> None:
    arrived = bytearray()
    listener = socket.create_server(("127.0.0.1", 0))

    def collect() -> None:
        connection, _ = listener.accept()
        with connection:
            while piece := connection.recv(65536):
                arrived.extend(piece)

    server = threading.Thread(target=collect)
    server.start()
    client = WebhookClient(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def fence() -> None:
        raise LeaseLostError("gone")

    file = File("a.png", b"picture" * 50_000, "image/png")
    with pytest.raises(LeaseLostError):
        client.edit_original_response("1", TOKEN, components=SHOWN, files=[file], fence=fence)
    client.close()
    server.join(60)
    listener.close()
    head, _, body = bytes(arrived).partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]  # sent
    assert file.content in body
    assert len(body) < length
