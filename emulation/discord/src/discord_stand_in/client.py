"""A running stand-in, as a test uses it: acts as users and the bot's owner, reads messages."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from discord_stand_in.config import API, Application
from discord_stand_in.errors import StandInRefusedError, StandInTimeoutError
from discord_stand_in.json_types import Json
from discord_stand_in.signing import Signer

Found = TypeVar("Found")
_AGENT = "DiscordBot (https://discord-stand-in.test, 0.1)"
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Message:
    """A message as people see it; `raw` is Discord's message object."""

    id: str
    channel_id: str
    author: str
    content: str
    ephemeral_for: str | None
    """The id of the user who alone sees it."""
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> "Message":
        """The message of one of the control API."""
        name = raw["author"]["username"]
        hidden = raw.get("ephemeral_for")
        return cls(raw["id"], raw["channel_id"], name, raw["content"], hidden, raw)


@dataclass(frozen=True)
class Interaction:
    """An interaction, and how the bot answered it."""

    id: str
    outcome: str
    """`answered`, `deferred` (a message is to follow), `timeout` or `error`."""
    error: str | None
    """What was wrong with the answer, where the outcome is `timeout` or `error`."""
    message: Message | None
    """The answer as it is now; None before there is one, or if it was deleted."""
    raw: Json = field(repr=False)
    """Everything that the stand-in knows of it, its timeline and its message's versions too."""

    @property
    def response(self) -> Json | None:
        """The bot's response object: a message, a modal or the choices of an autocompletion."""
        response: Json | None = self.raw["response"]
        return response


class StandIn:
    """A stand-in that runs at `url`; its methods do what people do in Discord and in its portal."""

    def __init__(self, url: str, application: Application) -> None:
        self.url = url
        self.application_id = application.id
        self.bot_token = application.bot_token
        self.public_key = Signer(application.signing_key).verify_key
        """The key by which an application checks the signatures of interactions."""
        self._http = httpx.Client(
            base_url=url,
            timeout=30,
            # A proxy of the person's must not see loopback traffic.
            trust_env=False,
            headers={"User-Agent": _AGENT, "Authorization": f"Bot {self.bot_token}"},
        )

    @property
    def api_url(self) -> str:
        """What replaces `https://discord.com/api` in a client of Discord; without a version."""
        return self.url + API.rpartition("/")[0]

    def close(self) -> None:
        """End this client's connections; the stand-in goes on."""
        self._http.close()

    def set_endpoint(self, url: str | None) -> None:
        """Set the interactions endpoint URL, which is checked as Discord does it; None removes it.

        Raises:
            StandInRefusedError: the endpoint does not answer a PING, or takes wrong signatures.
        """
        self._call("PATCH", f"{API}/applications/@me", {"interactions_endpoint_url": url})

    def register(self, commands: Sequence[Mapping[str, Any]]) -> None:
        """Replace the application's global commands, for a bot that does not do so itself.

        Raises:
            StandInRefusedError: a command is invalid; the text is Discord's.
        """
        self._call("PUT", f"{API}/applications/{self.application_id}/commands", list(commands))

    def command(
        self, name: str, options: Mapping[str, Any] | None = None, **action: Any
    ) -> Interaction:
        """A user runs a command, `a b c` with its sub-commands; returns once the bot has answered.

        `action` are more of the control API's fields of a user action, for example `user_id`,
        `channel_id`, `locale`, `command_type` and `target_id`, or `focused` for an autocompletion.

        Raises:
            StandInRefusedError: there is no such user, channel or option.
        """
        return self._act({"command": name, "options": dict(options or {}), **action})

    def click(
        self, message: Message, custom_id: str, values: Sequence[str] | None = None, **action: Any
    ) -> Interaction:
        """A user clicks a button, or chooses `values` in a select menu, under a message."""
        own = {"message_id": message.id, "custom_id": custom_id}
        return self._act(own | ({} if values is None else {"values": list(values)}) | action)

    def submit(self, modal: Interaction, fields: Mapping[str, Any], **action: Any) -> Interaction:
        """A user submits the form that the answer to `modal` opened; fields by custom_id."""
        return self._act({"modal": modal.id, "fields": dict(fields), **action})

    def interaction(self, interaction_id: str) -> Interaction:
        """An interaction as it is now."""
        raw = self._call("GET", f"/control/interactions/{interaction_id}")
        shown = raw["message"]
        return Interaction(
            id=raw["interaction_id"],
            outcome=raw["outcome"],
            error=raw["error"],
            message=Message.of(shown) if shown else None,
            raw=raw,
        )

    def messages(self, channel_id: str | None = None) -> list[Message]:
        """The messages of a channel, by default of the first one, oldest first."""
        snapshot = self.snapshot()
        channel = channel_id or snapshot["directory"]["default_channel_id"]
        if channel not in snapshot["messages"]:
            raise StandInRefusedError(f"There is no channel {channel}.")
        return [Message.of(raw) for raw in snapshot["messages"][channel]]

    def wait_for(
        self, condition: Callable[[], Found | None], what: str, seconds: float = 10.0
    ) -> Found:
        """Wait until a condition returns something that is true, and return that.

        Raises:
            StandInTimeoutError: it did not within so many seconds; the text says `what`.
        """
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise StandInTimeoutError(f"waited {seconds:g} s until {what}")
            time.sleep(_PAUSE_SECONDS)
        return found

    def wait_for_message(self, text: str, channel_id: str | None = None) -> Message:
        """The first message of a channel that holds a text, which may be about to come."""

        def found() -> Message | None:
            known = self.messages(channel_id)
            return next((message for message in known if text in message.content), None)

        return self.wait_for(found, f"a message says {text!r}")

    def wait_for_command(self, name: str, seconds: float = 30.0) -> None:
        """Wait until the bot has registered a command and can be reached."""

        def ready() -> bool:
            state = self.snapshot()
            reachable = state["endpoint"]["url"] or self._has_session()
            return bool(reachable) and name in _names(state["commands"])

        self.wait_for(ready, f"the bot is connected and has registered the command {name}", seconds)

    def switch_chaos(self, faults: Mapping[str, Mapping[str, Any]]) -> None:
        """Switch faults of Discord on, by name; {} switches all of them off."""
        self._call("PUT", "/control/chaos", {"faults": faults})

    def snapshot(self) -> Json:
        """Everything that the stand-in knows: directory, commands, messages, interactions."""
        return self._call("GET", "/control/snapshot")

    def reset(self) -> None:
        """Delete messages, interactions, commands and files; the endpoint stays."""
        self._call("POST", "/control/reset")

    def _has_session(self) -> bool:
        sessions = self._call("GET", "/control/gateway")["sessions"]
        return any(session["connected"] for session in sessions)

    def _act(self, action: Mapping[str, Any]) -> Interaction:
        sent = self._call("POST", "/control/interactions", action)
        return self.interaction(sent["interaction_id"])

    def _call(self, method: str, path: str, body: object = None) -> Json:
        answer = self._http.request(method, path, json=body)
        if answer.is_error:
            raise StandInRefusedError(f"{method} {path}: {answer.status_code} {answer.text}")
        content: Json = answer.json() if answer.content else {}
        return content


def _names(commands: Json) -> set[str]:
    """The names of the global commands and of those of guilds, as the snapshot lists them."""
    scopes = [commands["global"], *commands["guilds"].values()]
    return {command["name"] for scope in scopes for command in scope}
