"""A crowd of users who request pictures at the same time, each one job after another."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

from emulation.rig.errors import AnswerError, ControlError
from emulation.rig.stand_in_client import StandInClient
from tests.integration.message_history import MessageHistory

_THREADS = 2
_PAUSE_SECONDS = 0.4
_ATTEMPTS = 20
_CANCELLED, _AGAIN = 0.15, 0.1
"""The share of jobs that are cancelled at once, and of answers under which "Again" is clicked."""
_EPHEMERAL = 1 << 6
"""The message flag of a refusal: no job was accepted."""


@dataclass(frozen=True)
class _Request:
    user: str
    images: int
    steps: int
    seed: int


@dataclass
class Crowd:
    """Begins to send at once."""

    discord: StandInClient
    jobs: int
    users: int
    rng: random.Random
    first_user: int = 1000
    cancels: bool = False
    """Whether some jobs are cancelled at once."""
    in_order: list[str] = field(default_factory=list)
    """The jobs that each user asked for one after another."""
    _sent: dict[str, tuple[str, int]] = field(default_factory=dict)
    _changing: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        requests = [
            _Request(
                str(self.first_user + number % self.users),
                self.rng.choice((1, 1, 2)),
                self.rng.choice((6, 6, 12)),
                number,
            )
            for number in range(self.jobs)
        ]
        self._pool = ThreadPoolExecutor(_THREADS)
        # The jobs of one user are sent by one thread, in order.
        self._sending = [
            self._pool.submit(
                self._send, [request for request in requests if int(request.user) % _THREADS == n]
            )
            for n in range(_THREADS)
        ]

    @property
    def sent(self) -> dict[str, tuple[str, int]]:
        """User and number of pictures of each job that was accepted so far."""
        with self._changing:
            return dict(self._sent)

    @property
    def is_done(self) -> bool:
        """Whether all jobs are sent."""
        return all(sending.done() for sending in self._sending)

    def click_again(self, job: str, history: MessageHistory) -> None:
        """Click "Again" under some answers: one more job."""
        message = history.record["message"]
        user, images = self.sent[job]
        if job not in self.in_order or self.rng.random() >= _AGAIN or not message:
            return
        clicked = self._click(message["id"], f"reroll:{job}:0", user)
        if clicked and self._is_accepted(clicked):
            self._add(clicked, user, images)

    def _add(self, job: str, user: str, images: int) -> None:
        with self._changing:
            self._sent[job] = (user, images)

    def _click(self, message_id: str, custom_id: str, user: str) -> str | None:
        """The id of the click; None if it was not answered, or the button is not there."""
        with suppress(AnswerError, ControlError):
            return self.discord.click(message_id, custom_id, user_id=user)
        return None

    def _is_accepted(self, sent: str) -> bool:
        message = self.discord.interaction(sent)["message"]
        return bool(message) and not message["flags"] & _EPHEMERAL

    def end(self) -> dict[str, tuple[str, int]]:
        """Wait until all jobs are sent."""
        for sending in self._sending:
            sending.result()
        return self.sent

    def _send(self, requests: list[_Request]) -> None:
        for request in requests:
            job = self._send_until_accepted(request)
            self.in_order.append(job)
            self._add(job, request.user, request.images)
            if self.cancels and random.Random(request.seed).random() < _CANCELLED:
                message = self.discord.interaction(job)["message"]
                self._click(message["id"], f"cancel:{job}:0", request.user)
            time.sleep(_PAUSE_SECONDS)

    def _send_until_accepted(self, request: _Request) -> str:
        """Send again, as people do, if a busy machine could not answer in time."""
        options: dict[str, object] = {
            "prompt": "a red circle",
            "images": request.images,
            "steps": request.steps,
            "seed": request.seed,
        }
        for _ in range(_ATTEMPTS):
            with suppress(AnswerError):
                sent = self.discord.send("imagine", options, user_id=request.user)
                if self._is_accepted(sent):
                    return sent
            time.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"{request} was not accepted in {_ATTEMPTS} attempts")
