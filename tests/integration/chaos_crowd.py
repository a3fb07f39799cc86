"""A crowd of users who request pictures at the same time, each one job after another."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from emulation.rig.errors import AnswerError
from emulation.rig.stand_in_client import StandInClient

_THREADS = 2
_PAUSE_SECONDS = 0.4
_ATTEMPTS = 5
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
    """Begins to send at once; `sent` holds user and number of pictures of each accepted job."""

    discord: StandInClient
    jobs: int
    users: int
    rng: random.Random
    sent: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        requests = [
            _Request(
                str(1000 + number % self.users),
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

    def end(self) -> dict[str, tuple[str, int]]:
        """Wait until all jobs are sent."""
        for sending in self._sending:
            sending.result()
        return self.sent

    def _send(self, requests: list[_Request]) -> None:
        for request in requests:
            self.sent[self._send_until_accepted(request)] = (request.user, request.images)
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
                if not self.discord.interaction(sent)["message"]["flags"] & _EPHEMERAL:
                    return sent
            time.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"{request} was not accepted in {_ATTEMPTS} attempts")
