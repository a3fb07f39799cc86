"""People who ask for pictures, all at the same time, each one thing after another."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from emulation.rig.errors import AnswerError
from emulation.rig.stand_in_client import StandIn

_AT_ONCE = 2
_PAUSE_SECONDS = 0.4
_TRIES = 5
_EPHEMERAL = 1 << 6
"""Of a refusal: nothing was accepted."""


@dataclass(frozen=True)
class _Wish:
    user: str
    images: int
    steps: int
    seed: int


@dataclass
class Crowd:
    """Begins to send at once; `sent` holds user and pictures of what was accepted, in order."""

    discord: StandIn
    jobs: int
    users: int
    dice: random.Random
    sent: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wishes = [
            _Wish(
                str(1000 + number % self.users),
                self.dice.choice((1, 1, 2)),
                self.dice.choice((6, 6, 12)),
                number,
            )
            for number in range(self.jobs)
        ]
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        # What one user asks for is sent by one thread, in order.
        self._sending = [
            self._pool.submit(self._send, [one for one in wishes if int(one.user) % _AT_ONCE == n])
            for n in range(_AT_ONCE)
        ]

    def end(self) -> dict[str, tuple[str, int]]:
        """Wait until everything is sent."""
        for one in self._sending:
            one.result()
        return self.sent

    def _send(self, wishes: list[_Wish]) -> None:
        for wish in wishes:
            self.sent[self._ask(wish)] = (wish.user, wish.images)
            time.sleep(_PAUSE_SECONDS)

    def _ask(self, wish: _Wish) -> str:
        """Ask, and again where a busy machine could not answer in time, as people do."""
        options: dict[str, object] = {
            "prompt": "a red circle",
            "images": wish.images,
            "steps": wish.steps,
            "seed": wish.seed,
        }
        for _ in range(_TRIES):
            with suppress(AnswerError):
                sent = self.discord.send("imagine", options, user_id=wish.user)
                if not self.discord.interaction(sent)["message"]["flags"] & _EPHEMERAL:
                    return sent
            time.sleep(_PAUSE_SECONDS)
        raise AssertionError(f"{wish} was not accepted in {_TRIES} tries")
