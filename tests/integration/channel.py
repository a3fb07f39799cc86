"""What people do in a channel, and what they get to see, through the stand-in's control API."""

import re
import time
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx
from mypy_boto3_dynamodb import DynamoDBClient

from discord_diffusion.texts.catalogue import PLACE, language_of, texts
from emulation.rig.emulator_client import client_options
from tests.stack import Stack

ADA, BORIS, CHIYO = (f"110000000000000000{number}" for number in (1, 2, 3))
GUILD = "1300000000000000001"
PICTURES, AFTER_DARK = "1400000000000000001", "1400000000000000002"
CURATOR, PAINTER = "1300000000000000101", "1300000000000000102"
EPHEMERAL = 64
_SECONDS = 60.0


@dataclass
class Channel:
    """A channel of a stack. What is sent is signed and delivered as Discord does."""

    stack: Stack
    _http: httpx.Client = field(init=False)
    dynamodb: DynamoDBClient = field(init=False)
    _newcomers: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._http = httpx.Client(
            base_url=self.stack.state.discord_url, timeout=30, trust_env=False
        )
        self.dynamodb = boto3.client("dynamodb", **client_options(self.stack.state))

    @property
    def table(self) -> str:
        """The table of jobs."""
        return self.stack.state.worker_environment["JOBS_TABLE"]

    def act(self, **asked: Any) -> dict[str, Any]:
        """Do what the control API can be asked for; what came back of it."""
        return self._act(asked)

    def send(self, **asked: Any) -> dict[str, Any]:
        """As `act`, whether it was answered in time or not."""
        answer = self._http.post("/control/interactions", json=asked)
        assert answer.is_success, answer.text
        delivery: dict[str, Any] = answer.json()
        return delivery

    def press(self, message: dict[str, Any], verb: str, index: int = 0, **who: Any) -> Any:
        """Press a button under a message."""
        custom_id = next(one for one in buttons(message) if one.startswith(f"{verb}:"))
        custom_id = f"{custom_id.rpartition(':')[0]}:{index}"
        return self._act({"message_id": message["id"], "custom_id": custom_id, **who})

    def pressed(self, message: dict[str, Any], verb: str, **who: Any) -> bool:
        """Press a button that somebody else may press too; whether it was still there."""
        try:
            self.press(message, verb, **who)
        except AssertionError as error:
            if "has no component" not in str(error):
                raise
            return False
        return True

    def message(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The message that an interaction was answered with, as it is now."""
        found = self._http.get(f"/control/messages/{sent['message_id']}")
        content: dict[str, Any] = found.raise_for_status().json()
        return content

    def pictures(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The message once it has pictures."""
        return self.wait(
            sent, lambda message: bool(message["attachments"]) and has(message, "vary")
        )

    def wait(self, sent: dict[str, Any], until: Any) -> dict[str, Any]:
        """The message once that holds of it."""
        ends = time.monotonic() + _SECONDS
        while time.monotonic() < ends:
            message = self.message(sent)
            if until(message):
                return message
            time.sleep(0.1)
        raise AssertionError(f"not in {_SECONDS:.0f} s: {message['content']}")

    def download(self, url: str) -> bytes:
        """A file of a message."""
        return self._http.get(url).raise_for_status().content

    def upload(self, filename: str, content: bytes, media_type: str) -> str:
        """Keep a file that an option can name; its id."""
        made = self._http.post(
            "/control/attachments",
            params={"filename": filename},
            content=content,
            headers={"Content-Type": media_type},
        )
        return str(made.raise_for_status().json()["id"])

    def settings(self, what: str, /, **options: object) -> str:
        """What `/settings` answers Ada, who manages the guild."""
        sent = self.act(
            command=f"settings {what}", options=options, user_id=ADA, locale="en-US", strict=True
        )
        assert is_private(sent)
        return said(sent)

    def used(self, user: str) -> int:
        """Units that `/quota` says were used today."""
        answer = said(self.act(command="quota", user_id=user, locale="en-US"))
        return int(answer.split("**")[1])

    def newcomer(self) -> str:
        """Somebody who has never asked."""
        self._newcomers.append(str(time.time_ns() // 1000 << 12))
        return self._newcomers[-1]

    def calm_down(self) -> None:
        """Cancel what newcomers still wait for, so that no later worker draws it."""
        while self._newcomers:
            self.act(command="cancel", user_id=self._newcomers.pop(), locale="en-US")

    def imagine(self, user: str, **more: Any) -> dict[str, Any]:
        """One picture, unless `options` say otherwise.

        Asked for again where the answer says that the queue is slow, as on a busy machine.
        """
        asked = {"user_id": user, "locale": "en-US", "options": {}, **more}
        wish = {"prompt": "a red circle", "images": 1}
        asked |= {"options": wish | asked["options"]}
        sent = self.act(command="imagine", **asked)
        if says(said(sent), asked["locale"], "refused.queue"):
            sent = self.act(command="imagine", **asked)
        return sent

    def item(self, key: str) -> dict[str, Any] | None:
        """An item of the table."""
        found = self.dynamodb.get_item(TableName=self.table, Key={"id": {"S": key}})
        return found.get("Item")

    def _act(self, asked: dict[str, Any]) -> dict[str, Any]:
        delivery = self.send(**asked)
        assert delivery["outcome"] in ("answered", "deferred"), delivery
        return delivery


def said(delivery: dict[str, Any]) -> str:
    """The text of an answer."""
    return str(delivery["response"]["data"]["content"])


def says(told: str, locale: str, key: str) -> bool:
    """Whether a text holds one of the catalogue, whatever its places are filled with."""
    parts = PLACE.sub("\0", texts(language_of(locale))[key]).split("\0")
    return bool(re.search(".*".join(map(re.escape, parts)), told, re.DOTALL))


def is_private(delivery: dict[str, Any]) -> bool:
    """Whether an answer is for one pair of eyes."""
    return bool(delivery["response"]["data"].get("flags", 0) & EPHEMERAL)


def buttons(message: dict[str, Any]) -> list[str]:
    """The custom_id of every button under a message."""
    rows = message.get("components") or []
    return [one["custom_id"] for row in rows for one in row["components"]]


def has(message: dict[str, Any], verb: str) -> bool:
    """Whether a message has such a button."""
    return any(one.startswith(f"{verb}:") for one in buttons(message))


def job_of(message: dict[str, Any]) -> str:
    """The job behind a message."""
    return buttons(message)[0].split(":")[1]
