"""Queueing formulas, against known values and against a simulation."""

import heapq
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.capacity.queueing import awake_wait, erlang_c, mean_queue_seconds


def test_erlang_c_gives_the_textbook_values() -> None:
    assert erlang_c(1, 0.5) == pytest.approx(0.5)
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert erlang_c(3, 2.0) == pytest.approx(4 / 9)
    assert erlang_c(2, 2.5) == 1


@given(st.floats(0.001, 0.099))
def test_one_server_waits_as_pollaczek_and_khinchine_say(arrivals: float) -> None:
    use = arrivals * 10
    assert mean_queue_seconds(1, arrivals, 10) == pytest.approx(10 * use / (2 * (1 - use)))


def test_no_arrivals_wait_for_nothing_and_an_overload_for_ever() -> None:
    assert mean_queue_seconds(3, 0, 10) == 0
    assert mean_queue_seconds(3, 0.3, 10) == math.inf


@pytest.mark.parametrize(("servers", "use"), [(2, 0.8), (4, 0.7), (10, 0.8)])
def test_several_servers_wait_as_long_as_simulated_ones(servers: int, use: float) -> None:
    chance = random.Random(1)
    job, arrivals = 10.0, servers * use / 10.0
    free, now, waited, count = [0.0] * servers, 0.0, 0.0, 200_000
    for _ in range(count):
        now += chance.expovariate(arrivals)
        begin = max(now, heapq.heappop(free))
        waited += begin - now
        heapq.heappush(free, begin + job)
    assert mean_queue_seconds(servers, arrivals, job) == pytest.approx(waited / count, rel=0.05)


@given(st.floats(0.0001, 20), st.floats(0.5, 60))
def test_the_tasks_for_a_rate_keep_the_queue_short_and_are_the_fewest(
    arrivals: float, job: float
) -> None:
    tasks, mean_seconds = awake_wait(arrivals, job)
    assert job <= mean_seconds <= job + 10
    if tasks > 1:
        assert mean_queue_seconds(tasks - 1, arrivals, job) > 10
