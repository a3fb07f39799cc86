"""Signed requests a second through the emulator: API Gateway, Lambda and SQS, all for real."""

import itertools
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from fixtures.discord.signing import encode, interaction, sign

_EPOCH_MS = 1_420_070_400_000
_SEQUENCE = itertools.count()


@dataclass(frozen=True)
class Load:
    """What one number of clients saw; times in milliseconds."""

    clients: int
    requests: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


def signed_imagine() -> tuple[bytes, dict[str, str]]:
    """A new `/imagine` as Discord would send it now: body and headers."""
    snowflake = ((int(time.time() * 1000) - _EPOCH_MS) << 22) | next(_SEQUENCE) % (1 << 22)
    body = encode(interaction("command_guild") | {"id": str(snowflake), "token": "bench"})
    return body, sign(body)


def measure(url: str, clients: int, seconds: float) -> Load:
    """Send as many requests as `clients` can, each waiting for its answer, for `seconds`."""
    local = threading.local()
    until = time.monotonic() + seconds
    times: list[float] = []
    errors = 0
    lock = threading.Lock()

    def client() -> None:
        nonlocal errors
        local.http = httpx.Client(timeout=30, trust_env=False)
        while time.monotonic() < until:
            body, headers = signed_imagine()
            started = time.perf_counter()
            good = local.http.post(url, content=body, headers=headers).status_code == 200
            took = time.perf_counter() - started
            with lock:
                times.append(took * 1000)
                errors += not good

    started = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        for running in [pool.submit(client) for _ in range(clients)]:
            running.result()
    elapsed = time.monotonic() - started
    return Load(
        clients=clients,
        requests=len(times),
        requests_per_second=round(len(times) / elapsed, 1),
        p50_ms=round(statistics.median(times), 1),
        p99_ms=round(statistics.quantiles(times, n=100)[98], 1),
        errors=errors,
    )
