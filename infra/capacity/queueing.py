"""Queueing formulas for the mean wait: Poisson arrivals, jobs of one length (M/D/c)."""

import math

MAXIMUM_QUEUE_SECONDS = 10.0


def erlang_c(servers: int, load: float) -> float:
    """The probability that an arrival waits (M/M/c, `load` in erlangs); 1 if overloaded."""
    if servers <= load:
        return 1.0
    blocked = 1.0  # Erlang B by its recursion, which does not overflow
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


def mean_queue_seconds(servers: int, arrivals_per_second: float, seconds_per_job: float) -> float:
    """Mean seconds in the queue with jobs of one length (M/D/c); infinite if overloaded.

    Half of M/M/c, with the correction of Cosmetatos (INFOR 13, 1975) for several servers.
    """
    load = arrivals_per_second * seconds_per_job
    if arrivals_per_second == 0:
        return 0.0
    if servers <= load:
        return math.inf
    exponential = erlang_c(servers, load) * seconds_per_job / (servers - load)
    use = load / servers
    correction = (1 - use) * (servers - 1) * (math.sqrt(4 + 5 * servers) - 2) / (16 * servers * use)
    # The correction holds for busy systems; in idle ones it would exceed the value it corrects.
    return exponential / 2 * (1 + min(1.0, correction))


def awake_wait(arrivals_per_second: float, seconds_per_job: float) -> tuple[int, float]:
    """The fewest tasks that keep the mean time in the queue within `MAXIMUM_QUEUE_SECONDS`.

    Returns:
        The tasks, and the mean seconds in queue and job together.
    """
    tasks = max(1, math.floor(arrivals_per_second * seconds_per_job) + 1)
    while (
        queue_seconds := mean_queue_seconds(tasks, arrivals_per_second, seconds_per_job)
    ) > MAXIMUM_QUEUE_SECONDS:
        tasks += 1
    return tasks, queue_seconds + seconds_per_job
