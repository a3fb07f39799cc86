"""A client of the stand-in's control API: sends interactions, reads answers, switches faults."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from discord_diffusion.discord.message_content import Attachment, files_of, text_of
from discord_diffusion.texts.answers import FAILURE_MARK
from emulation.rig.errors import AnswerError, ControlError
from emulation.rig.waiting import pause_after

_EPHEMERAL = 1 << 6
_SKETCH = "sketch.webp"
"""The end of the name of a sketch, which is shown while a picture is drawn."""


@dataclass(frozen=True)
class Answer:
    """A message with pictures: its text, and the file name and bytes of each picture in order."""

    content: str
    pictures: tuple[tuple[str, bytes], ...]

    def save(self, folder: Path) -> list[Path]:
        """Write the pictures into `folder` and return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / Path(name).name for name, _ in self.pictures]
        for path, (_, content) in zip(paths, self.pictures, strict=True):
            path.write_bytes(content)
        return paths


class StandInClient:
    """Client of one running stand-in."""

    def __init__(self, url: str, timeout_seconds: float = 30) -> None:
        # trust_env: a proxy of the person's must not see loopback traffic.
        self._http = httpx.Client(base_url=url, timeout=timeout_seconds, trust_env=False)

    def send(self, command: str, options: dict[str, object], **interaction: object) -> str:
        """Let the stand-in deliver a signed interaction; returns the id.

        Raises:
            AnswerError: the application did not answer it with a message; the text is Discord's.
        """
        return self._answered({"command": command, "options": options, **interaction})

    def click(self, message_id: str, custom_id: str, **interaction: object) -> str:
        """Let a user click a button under a message; returns the id of that interaction.

        Raises:
            AnswerError: as `send`.
            ControlError: there is no such message or button.
        """
        return self._answered({"message_id": message_id, "custom_id": custom_id, **interaction})

    def deliver(
        self, command: str, options: Mapping[str, object], **interaction: object
    ) -> dict[str, Any]:
        """As `send`, but returns how the interaction went, whatever became of it."""
        body = {"command": command, "options": options, **interaction}
        return self._json("POST", "/control/interactions", body)

    def _answered(self, body: Mapping[str, object]) -> str:
        delivery = self._json("POST", "/control/interactions", body)
        if delivery["outcome"] not in ("answered", "deferred"):
            reason = delivery.get("notice") or "The application did not respond"
            detail = delivery.get("error") or delivery["outcome"]
            raise AnswerError(f"{reason} ({detail})")
        return str(delivery["interaction_id"])

    def redeliver(self, interaction_id: str) -> dict[str, Any]:
        """Let the stand-in deliver the same signed interaction once more, as Discord may."""
        return self._json("POST", f"/control/interactions/{interaction_id}/redeliver")

    def interaction(self, interaction_id: str) -> dict[str, Any]:
        """An interaction as the stand-in stores it, with every version of its message."""
        return self._json("GET", f"/control/interactions/{interaction_id}")

    def add_to_timeline(
        self, interaction_id: str, name: str, at: str, detail: Mapping[str, object] | None = None
    ) -> None:
        """Add an event of another part of the rig to an interaction's timeline."""
        event = {"name": name, "at": at, "detail": detail}
        self._call("POST", f"/control/timeline/{interaction_id}", event)

    def add_to_log(self, interaction_id: str, lines: Sequence[Mapping[str, str]]) -> None:
        """Add lines of logs about an interaction."""
        self._call("POST", f"/control/logs/{interaction_id}", {"lines": lines})

    def set_fleet(self, report: Mapping[str, object]) -> None:
        """Show the tasks and instances of the fleet on the operations page."""
        self._call("PUT", "/control/fleet", report)

    def set_experiments(self, report: Mapping[str, object]) -> None:
        """Show experiments on the operations page: those that can be started, and those that were.

        `report` has `known`, `experiments` and perhaps `error`.
        """
        self._call("PUT", "/control/experiments", report)

    def take_wishes(self) -> list[dict[str, str]]:
        """What users of the operations page want, once: experiments to `start` or to `stop`."""
        wishes: list[dict[str, str]] = self._json("DELETE", "/control/experiments/wishes")["wishes"]
        return wishes

    def set_part(self, name: str, condition: str) -> None:
        """Show that a part of the rig is `up`, `slow` or `down` now."""
        self._call("PUT", f"/control/parts/{name}/{condition}")

    def add_to_series(self, name: str, value: float) -> None:
        """Add a point, of now, to a series of the operations page."""
        self._call("POST", "/control/series", {"name": name, "value": value})

    def add_note(self, text: str, at: float) -> None:
        """Add a note to the operations page; `at` is in Unix seconds."""
        self._call("POST", "/control/notes", {"text": text, "at": at})

    def chaos(self) -> dict[str, Any]:
        """The faults that are switched on, with how often each struck."""
        return self._json("GET", "/control/chaos")

    def set_chaos(
        self, faults: Mapping[str, Mapping[str, object]], *, seed: int | None = None
    ) -> dict[str, Any]:
        """Replace the faults that are switched on; a seed starts their dice anew."""
        return self._json("PUT", "/control/chaos", {"faults": faults, "seed": seed})

    def set_answer_seconds(self, seconds: float) -> None:
        """Change how long the application has for its first response."""
        self._call("PUT", "/control/answer-time", {"seconds": seconds})

    def wait_for_pictures(
        self,
        interaction_id: str,
        timeout_seconds: float,
        watch: Callable[[str], None] | None = None,
    ) -> Answer:
        """Wait for the message's pictures, calling `watch` with its text whenever that changes.

        Raises:
            AnswerError: the user saw an error, or no pictures came in time.
        """
        started = time.monotonic()
        text = ""
        while time.monotonic() - started < timeout_seconds:
            message = self.interaction(interaction_id)["message"]
            if message and text_of(message) != text:
                text = text_of(message)
                if watch:
                    watch(text)
            if message and pictures_of(message):
                return self._answer(message)
            if message and self._is_error(message):
                raise AnswerError(text)
            time.sleep(pause_after(time.monotonic() - started))
        waited = f"No pictures after {timeout_seconds:.0f} s."
        raise AnswerError(f"{waited} The message says: {text}" if text else waited)

    def _answer(self, message: dict[str, Any]) -> Answer:
        pictures = tuple(
            (file.filename, self._call("GET", file.url).content) for file in pictures_of(message)
        )
        return Answer(text_of(message), pictures)

    @staticmethod
    def _is_error(message: dict[str, Any]) -> bool:
        ephemeral = bool(int(message.get("flags") or 0) & _EPHEMERAL)
        return ephemeral or text_of(message).startswith(FAILURE_MARK)

    def _json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        content: dict[str, Any] = self._call(method, path, body).json()
        return content

    def _request(self, method: str, path: str, body: object) -> httpx.Response:
        """A request; one that changes nothing is repeated if the idle connection had ended."""
        try:
            return self._http.request(method, path, json=body)
        except httpx.RemoteProtocolError:
            if method != "GET":
                raise
            return self._http.request(method, path, json=body)

    def _call(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            answer = self._request(method, path, body)
        except httpx.HTTPError as error:
            raise ControlError(
                f"The stand-in for Discord does not answer ({type(error).__name__})."
                " See: make local-status"
            ) from error
        if answer.is_error:
            raise ControlError(f"The stand-in refused ({answer.status_code}): {answer.text}")
        return answer


def pictures_of(message: dict[str, Any]) -> list[Attachment]:
    """The pictures that a message shows, without sketches."""
    return [file for file in files_of(message) if not file.filename.endswith(_SKETCH)]
