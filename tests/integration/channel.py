"""What users do in a channel and what they see there, through the control API of the stand-in."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx
from mypy_boto3_dynamodb import DynamoDBClient

from discord_diffusion.texts.catalogue import PLACE, language_of, texts
from emulation.rig.emulator_client import client_options
from emulation.rig.waiting import wait_until
from tests.messages import buttons_of, files_of, text_of
from tests.stack import Stack

ADA, BORIS, CHIYO = (f"110000000000000000{number}" for number in (1, 2, 3))
GUILD = "1300000000000000001"
PICTURES, AFTER_DARK = "1400000000000000001", "1400000000000000002"
CURATOR, PAINTER = "1300000000000000101", "1300000000000000102"
EPHEMERAL = 64
_SECONDS = 120.0
_TOO_SLOW = ("refused.queue", "refused.store")
_ATTEMPTS = 10
"""A busy machine misses the deadline of an answer's calls again and again."""


@dataclass
class Channel:
    """A channel of a stack. What is sent is signed and delivered as Discord does."""

    stack: Stack
    _http: httpx.Client = field(init=False)
    dynamodb: DynamoDBClient = field(init=False)
    _new_users: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._http = httpx.Client(
            base_url=self.stack.state.discord_url, timeout=30, trust_env=False
        )
        self.dynamodb = boto3.client("dynamodb", **client_options(self.stack.state))

    @property
    def table(self) -> str:
        """The jobs table."""
        return self.stack.state.worker_environment["JOBS_TABLE"]

    def interact(self, **fields: Any) -> dict[str, Any]:
        """Send an interaction, which must be answered in time; its delivery."""
        delivery = self.send(**fields)
        assert delivery["outcome"] in ("answered", "deferred"), delivery
        return delivery

    def interact_patiently(self, **fields: Any) -> dict[str, Any]:
        """As `interact`, again where the answer says that queue or table are slow, as people do."""
        for _ in range(_ATTEMPTS):
            sent = self.interact(**fields)
            said = content_of(sent)
            if not any(contains_text(said, fields["locale"], key) for key in _TOO_SLOW):
                break
        return sent

    def send(self, **fields: Any) -> dict[str, Any]:
        """As `interact`, whether it is answered in time or not."""
        if (locale := fields.get("locale")) and "raw" not in fields:
            # Public answers have the language of the server: it is the user's here.
            fields = fields | {"raw": {"guild_locale": locale}}
        answer = self._http.post("/control/interactions", json=fields)
        assert answer.is_success, answer.text
        delivery: dict[str, Any] = answer.json()
        return delivery

    def click(self, message: dict[str, Any], verb: str, index: int = 0, **user: Any) -> Any:
        """Click a button under a message."""
        custom_id = next(one for one in buttons(message) if one.startswith(f"{verb}:"))
        custom_id = f"{custom_id.rpartition(':')[0]}:{index}"
        return self.interact(message_id=message["id"], custom_id=custom_id, **user)

    def delete(self, message: dict[str, Any], **user: Any) -> Any:
        """Click Delete under a message, and say yes to the question that follows."""
        form = self.click(message, "delete", **user)["interaction_id"]
        return self.interact(modal=form, **user)

    def click_if_present(self, message: dict[str, Any], verb: str, **user: Any) -> bool:
        """Click a button that another click may remove; whether it was still there."""
        return _was_there(lambda: self.click(message, verb, **user))

    def delete_if_present(self, message: dict[str, Any], **user: Any) -> bool:
        """Delete what another one may have deleted; whether it was still there."""
        return _was_there(lambda: self.delete(message, **user))

    def message(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The answer to an interaction, as it is now."""
        found = self._http.get(f"/control/messages/{sent['message_id']}")
        content: dict[str, Any] = found.raise_for_status().json()
        return content

    def pictures(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The answer once it has pictures."""
        return self.wait(
            sent, lambda message: bool(files_of(message)) and has_button(message, "vary")
        )

    def wait(self, sent: dict[str, Any], until: Any) -> dict[str, Any]:
        """The answer once `until` holds of it."""

        def found() -> dict[str, Any] | None:
            message = self.message(sent)
            return message if until(message) else None

        return wait_until(
            found, "the answer is as expected", _SECONDS, lambda: text_of(self.message(sent))
        )

    def download(self, url: str) -> bytes:
        """A file of a message."""
        return self._http.get(url).raise_for_status().content

    def upload(self, filename: str, content: bytes, media_type: str) -> str:
        """Upload a file that an option can name; its id."""
        made = self._http.post(
            "/control/attachments",
            params={"filename": filename},
            content=content,
            headers={"Content-Type": media_type},
        )
        return str(made.raise_for_status().json()["id"])

    def settings(self, what: str, /, **options: object) -> str:
        """The answer to `/settings` from Ada, who manages the guild."""
        sent = self.interact_patiently(
            command=f"settings {what}", options=options, user_id=ADA, locale="en-US", strict=True
        )
        assert is_ephemeral(sent)
        return content_of(sent)

    def used(self, user: str) -> float:
        """Units that `/quota` says the user has used today."""
        sent = self.interact_patiently(command="quota", user_id=user, locale="en-US")
        answer = content_of(sent)
        return float(answer.split("**")[1])

    def new_user(self) -> str:
        """A user who has never requested anything."""
        self._new_users.append(str(time.time_ns() // 1000 << 12))
        return self._new_users[-1]

    def cancel_queued_jobs(self) -> None:
        """Cancel the queued jobs of new users, so that no later worker draws them."""
        while self._new_users:
            self.cancel(self._new_users.pop())

    def cancel(self, user: str) -> None:
        """Cancel all queued jobs of a user: several of them take longer than an answer may."""
        self.interact_patiently(command="cancel", user_id=user, locale="en-US")

    def imagine(self, user: str, **more: Any) -> dict[str, Any]:
        """Request one picture, unless `options` say otherwise."""
        fields = {"user_id": user, "locale": "en-US", "options": {}, **more}
        fields["options"] = {"prompt": "a red circle", "images": 1} | fields["options"]
        return self.interact_patiently(command="imagine", **fields)

    def item(self, key: str) -> dict[str, Any] | None:
        """An item of the table."""
        found = self.dynamodb.get_item(TableName=self.table, Key={"id": {"S": key}})
        return found.get("Item")


def _was_there(click: Callable[[], Any]) -> bool:
    """Whether a click found its button."""
    try:
        click()
    except AssertionError as error:
        if "has no component" not in str(error):
            raise
        return False
    return True


@contextmanager
def channel_with_default_settings(stack: Stack) -> Iterator[Channel]:
    """A channel of a guild whose settings are the defaults, before and after."""
    channel = Channel(stack)
    channel.settings("reset")
    yield channel
    channel.settings("reset")
    channel.cancel_queued_jobs()


def content_of(delivery: dict[str, Any]) -> str:
    """The text of an answer."""
    return text_of(delivery["response"]["data"])


def contains_text(content: str, locale: str, key: str) -> bool:
    """Whether a content contains a text of the catalogue, with whatever values."""
    parts = PLACE.sub("\0", texts(language_of(locale))[key]).split("\0")
    return bool(re.search(".*".join(map(re.escape, parts)), content, re.DOTALL))


def is_ephemeral(delivery: dict[str, Any]) -> bool:
    """Whether only its user sees an answer."""
    return bool(delivery["response"]["data"].get("flags", 0) & EPHEMERAL)


def buttons(message: dict[str, Any]) -> list[str]:
    """The custom_id of every button under a message."""
    return buttons_of(message)


def has_button(message: dict[str, Any], verb: str) -> bool:
    """Whether a message has such a button."""
    return any(one.startswith(f"{verb}:") for one in buttons(message))


def job_of(message: dict[str, Any]) -> str:
    """The job behind a message."""
    return buttons(message)[0].split(":")[1]
