"""An endpoint with a queue that one can look at."""

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from nacl.signing import SigningKey

from discord_diffusion.aws.queue import QueueError
from discord_diffusion.handlers.answers import Answers
from discord_diffusion.handlers.endpoint import Endpoint
from discord_diffusion.handlers.imagine import Imagine
from discord_diffusion.jobs import Job
from discord_diffusion.settings import InteractionsSettings

KEY = SigningKey(bytes(range(32)))
TOKEN = "the-interaction-token"
SETTINGS = InteractionsSettings.from_environ(
    {
        "QUEUE_URL": "http://127.0.0.1/jobs.fifo",
        "DISCORD_PUBLIC_KEY": KEY.verify_key.encode().hex(),
        "DEFAULT_STEPS": "12",
    }
)


@dataclass
class ListQueue:
    """Keeps what was sent; drops a second job of the same interaction, as SQS FIFO does."""

    jobs: list[Job] = field(default_factory=list)
    broken: Exception | None = None

    def send(self, job: Job) -> None:
        if self.broken:
            raise self.broken
        if job.id not in {known.id for known in self.jobs}:
            self.jobs.append(job)

    def refuse(self) -> None:
        """Be as SQS is when it throttles."""
        self.broken = QueueError("ThrottlingException")


@dataclass(frozen=True)
class Caller:
    """Signs and sends payloads to an endpoint, as Discord does."""

    queue: ListQueue
    endpoint: Endpoint

    def post(self, payload: object, **event: Any) -> dict[str, Any]:
        """The HTTP response to a signed payload, in an event of payload format 1.0."""
        return self.post_bytes(json.dumps(payload).encode(), **event)

    def post_bytes(self, body: bytes, **event: Any) -> dict[str, Any]:
        """As `post`, with the body as it is."""
        return self.endpoint.answer(event_v1(body) | event)

    def content(self, payload: object) -> dict[str, Any]:
        """The response to a signed payload, which must be answered well."""
        response = self.post(payload)
        assert response["statusCode"] == 200, response
        answer: dict[str, Any] = json.loads(response["body"])
        return answer


def headers(body: bytes) -> dict[str, str]:
    """The headers with which Discord signs a body now."""
    timestamp = str(int(time.time()))
    return {
        "X-Signature-Ed25519": KEY.sign(timestamp.encode() + body).signature.hex(),
        "X-Signature-Timestamp": timestamp,
        "Content-Type": "application/json",
    }


def event_v1(body: bytes) -> dict[str, Any]:
    """Payload format 1.0, as API Gateway REST sends it."""
    return {"headers": headers(body), "body": body.decode(), "isBase64Encoded": False}


def event_v2(body: bytes) -> dict[str, Any]:
    """Payload format 2.0, as API Gateway HTTP and function URLs send it: base64 at times."""
    lower = {name.lower(): value for name, value in headers(body).items()}
    encoded = base64.b64encode(body).decode()
    return {"version": "2.0", "headers": lower, "body": encoded, "isBase64Encoded": True}


def event_multi_value(body: bytes) -> dict[str, Any]:
    """An event whose headers are lists."""
    many = {name: [value] for name, value in headers(body).items()}
    return {"multiValueHeaders": many, "body": body.decode(), "isBase64Encoded": False}


def imagine(**options: Any) -> dict[str, Any]:
    """`/imagine` in a guild."""
    return {
        "type": 2,
        "id": "1127000000000000000",
        "application_id": "1000",
        "token": TOKEN,
        "guild_id": "2000",
        "channel_id": "3000",
        "channel": {"id": "3000", "nsfw": True},
        "member": {"user": {"id": "4000", "username": "ada"}},
        "locale": "de",
        "attachment_size_limit": 26214400,
        "data": {
            "id": "1",
            "name": "imagine",
            "type": 1,
            "options": [{"name": name, "value": value} for name, value in options.items()],
        },
    }


@pytest.fixture
def caller() -> Caller:
    """An endpoint with an empty queue."""
    queue = ListQueue()
    return Caller(queue, Endpoint(SETTINGS, Answers(Imagine(SETTINGS), queue)))
