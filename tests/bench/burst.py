"""Measures what many users who ask at once get while one worker draws."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from emulation.rig.stand_in_client import StandInClient

REQUESTS, USERS, CLIENTS = 200, 50, 4
_EPHEMERAL = 1 << 6
_OPTIONS = {"prompt": "a red circle", "images": 1, "steps": 1}


@dataclass(frozen=True)
class Burst:
    """Answers to a burst of `/imagine`; times in milliseconds, the stand-in's own work included."""

    requests: int
    users: int
    clients: int
    refused: int
    unanswered: int
    p50_ms: float
    slowest_ms: float


def measure(discord: StandInClient) -> Burst:
    """Let clients send the requests of all users, one after another, as fast as they can.

    The stand-in sends them, so that the worker's edits find the messages: a job whose message is
    gone counts as deleted by its user, who then has to pause.
    """
    first = time.time_ns() // 1000 << 12

    def send(number: int) -> tuple[float, dict[str, Any]]:
        started = time.perf_counter()
        delivery = discord.deliver("imagine", _OPTIONS, user_id=str(first + number % USERS))
        return (time.perf_counter() - started) * 1000, delivery

    with ThreadPoolExecutor(CLIENTS) as pool:
        sent = list(pool.map(send, range(REQUESTS)))
    times = [took for took, _ in sent]
    answered = [delivery for _, delivery in sent if delivery["outcome"] == "answered"]
    return Burst(
        requests=REQUESTS,
        users=USERS,
        clients=CLIENTS,
        refused=sum(map(_is_refusal, answered)),
        unanswered=REQUESTS - len(answered),
        p50_ms=round(statistics.median(times), 1),
        slowest_ms=round(max(times), 1),
    )


def _is_refusal(delivery: dict[str, Any]) -> bool:
    return bool(delivery["response"]["data"].get("flags", 0) & _EPHEMERAL)
