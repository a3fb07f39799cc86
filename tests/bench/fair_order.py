"""Measures how long a request waits: alone, and behind 20 requests of another user."""

import statistics
import time
from dataclasses import dataclass
from datetime import datetime

from emulation.rig.stand_in_client import StandInClient

BUSY_JOBS = 20
ROUNDS = 1
_BUSY_STEPS = 25
_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class FairOrder:
    """Seconds from a request to its pictures: medians of rounds, with one worker."""

    alone_seconds: float
    beside_a_busy_user_seconds: float
    last_of_the_busy_user_seconds: float
    busy_jobs: int = BUSY_JOBS


def measure(discord: StandInClient) -> FairOrder:
    """Measure on a stack with one worker. The first request, which warms it up, is not counted."""
    _wait_for_pictures(discord, _send_imagine(discord, "1"))
    alone = [
        _seconds_to_pictures(discord, _send_imagine(discord, _new_user_id())) for _ in range(ROUNDS)
    ]
    beside, last = [], []
    for _ in range(ROUNDS):
        busy = _new_user_id()
        jobs = [_send_imagine(discord, busy, _BUSY_STEPS) for _ in range(BUSY_JOBS)]
        beside.append(_seconds_to_pictures(discord, _send_imagine(discord, _new_user_id())))
        last.append(_seconds_to_pictures(discord, jobs[-1]))
    return FairOrder(
        round(statistics.median(alone), 2),
        round(statistics.median(beside), 2),
        round(statistics.median(last), 2),
    )


def _new_user_id() -> str:
    return str(time.time_ns() // 1000 << 12)


def _send_imagine(discord: StandInClient, user: str, steps: int = 12) -> str:
    return discord.send("imagine", {"prompt": "a red circle", "steps": steps}, user_id=user)


def _wait_for_pictures(discord: StandInClient, interaction: str) -> None:
    discord.wait_for_pictures(interaction, _TIMEOUT_SECONDS)


def _seconds_to_pictures(discord: StandInClient, interaction: str) -> float:
    """Seconds from the message that the job is queued to its edit with the pictures."""
    _wait_for_pictures(discord, interaction)
    message = discord.interaction(interaction)["message"]
    queued, shown = (
        datetime.fromisoformat(message[name]) for name in ("timestamp", "edited_timestamp")
    )
    return (shown - queued).total_seconds()
