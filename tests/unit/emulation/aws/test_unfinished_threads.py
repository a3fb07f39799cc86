"""Threads that have ended are forgotten, others are not."""

import threading

from ecs_fleet_emulator.unfinished_threads import FEWEST, UnfinishedThreads


def test_only_ended_threads_are_forgotten() -> None:
    end = threading.Event()
    running, waiting = threading.Thread(target=end.wait, daemon=True), threading.Thread()
    running.start()
    other = object()
    threads = UnfinishedThreads([running, waiting])
    threads.append(other)
    for _ in range(FEWEST + 10):
        ended = threading.Thread(target=int)
        threads.append(ended)
        ended.start()
        ended.join()
    assert len(threads) <= FEWEST
    assert [running, waiting, other] == threads[:3]
    end.set()


def test_as_many_as_run_are_kept() -> None:
    threads = UnfinishedThreads()
    unstarted = [threading.Thread() for _ in range(2 * FEWEST)]
    for thread in unstarted:
        threads.append(thread)
    assert threads == unstarted
