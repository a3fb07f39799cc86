"""What a busy user costs the others: the wait of one request, alone and behind 20 of another's."""

import statistics
import time
from dataclasses import dataclass
from datetime import datetime

from emulation.rig.stand_in_client import StandIn

BUSY_JOBS = 20
ROUNDS = 3
_STEPS_OF_BUSY = 25
_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class FairOrder:
    """Seconds from a request to its pictures: medians of rounds, with one worker."""

    alone_seconds: float
    beside_a_busy_user_seconds: float
    last_of_the_busy_user_seconds: float
    busy_jobs: int = BUSY_JOBS


def measure(discord: StandIn) -> FairOrder:
    """Measure on a stack whose worker has drawn before."""
    _wait(discord, _ask(discord, "1"))
    alone = [_waited(discord, _ask(discord, _user())) for _ in range(ROUNDS)]
    beside, last = [], []
    for _ in range(ROUNDS):
        busy = _user()
        jobs = [_ask(discord, busy, _STEPS_OF_BUSY) for _ in range(BUSY_JOBS)]
        beside.append(_waited(discord, _ask(discord, _user())))
        last.append(_waited(discord, jobs[-1]))
    return FairOrder(
        round(statistics.median(alone), 2),
        round(statistics.median(beside), 2),
        round(statistics.median(last), 2),
    )


def _user() -> str:
    return str(time.time_ns() // 1000 << 12)


def _ask(discord: StandIn, user: str, steps: int = 12) -> str:
    return discord.send("imagine", {"prompt": "a red circle", "steps": steps}, user_id=user)


def _wait(discord: StandIn, interaction: str) -> None:
    discord.wait_for_pictures(interaction, _TIMEOUT_SECONDS)


def _waited(discord: StandIn, interaction: str) -> float:
    """From the message that said that it is queued to the one with the pictures."""
    _wait(discord, interaction)
    message = discord.interaction(interaction)["message"]
    asked, shown = (
        datetime.fromisoformat(message[name]) for name in ("timestamp", "edited_timestamp")
    )
    return (shown - asked).total_seconds()
