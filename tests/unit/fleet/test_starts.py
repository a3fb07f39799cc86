"""Failed starts in a row pause the fleet, and are forgiven once it works."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from discord_diffusion.fleet.starts import (
    LONGEST_PAUSE,
    PROVEN_AFTER,
    FailedStart,
    StartHistory,
    StartLimits,
)

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LIMITS = StartLimits()


def test_failed_starts_in_a_row_pause_the_fleet_and_a_failed_trial_doubles_the_pause() -> None:
    history, at = StartHistory(), NOW
    for number in range(5):
        assert not history.is_paused(at), number
        history = history.after_failures([at], LIMITS, at)
    pauses = []
    for _ in range(6):
        assert history.paused_until is not None
        pauses.append(history.paused_until - at)
        at = history.paused_until
        assert history.on_trial(LIMITS)
        history = history.after_failures([at], LIMITS, at)
    assert [pause.total_seconds() / 60 for pause in pauses] == [10, 20, 40, 80, 120, 120]
    assert max(pauses) == LONGEST_PAUSE


def test_starts_are_forgiven_once_all_wanted_tasks_have_run_for_a_while() -> None:
    history = StartHistory().after_failures([NOW] * 4, LIMITS, NOW)
    history = history.after_look(NOW, works=True)
    assert history.after_look(NOW + PROVEN_AFTER / 2, works=True).failures == 4
    assert history.after_look(NOW + PROVEN_AFTER / 2, works=False).works_since is None
    worked = history.after_look(NOW + PROVEN_AFTER, works=True)
    assert worked.failures == 0
    assert not worked.is_new(NOW), "a failure is not counted again"


def test_a_failure_in_a_pause_is_counted_and_begins_no_other_pause() -> None:
    history = StartHistory().after_failures([NOW] * 5, LIMITS, NOW)
    later = NOW + timedelta(seconds=300)
    again = history.after_failures([later], LIMITS, later)
    assert again == replace(history, failures=6, failed_at=later)
    assert history.after_failures([], LIMITS, later) is history


def test_failures_are_counted_up_to_the_newest_in_whatever_order_they_are_seen() -> None:
    earlier = NOW - timedelta(seconds=60)
    history = StartHistory().after_failures([NOW, earlier], LIMITS, NOW)
    assert (history.failures, history.failed_at) == (2, NOW)
    assert history.after_failures([earlier], LIMITS, NOW).failed_at == NOW
    assert not history.is_new(NOW)
    assert history.is_new(NOW + timedelta(microseconds=1))


def test_a_failure_ends_the_time_for_which_all_wanted_tasks_have_run() -> None:
    works = StartHistory(failures=1, failed_at=NOW).after_look(NOW, works=True)
    assert works.works_since == NOW
    assert works.after_look(NOW + PROVEN_AFTER / 2, works=True) == works
    assert works.after_failures([NOW + PROVEN_AFTER / 2], LIMITS, NOW).works_since is None
    proven = works.after_look(NOW + PROVEN_AFTER, works=True)
    assert proven == StartHistory(failed_at=NOW)
    assert proven.after_look(NOW + PROVEN_AFTER, works=True) == proven, "nothing is to be proven"


def test_a_pause_lasts_up_to_its_end_and_its_history_is_forgotten_with_it() -> None:
    history = StartHistory().after_failures([NOW] * 5, LIMITS, NOW)
    until = NOW + LIMITS.first_pause
    assert (history.paused_until, history.pauses) == (until, 1)
    assert history.is_paused(until - timedelta(microseconds=1))
    assert not history.is_paused(until)
    assert not StartHistory().is_paused(NOW)
    drew = history.after_look(until, works=False, worked_at=until)
    assert drew == StartHistory(failed_at=NOW)


def test_tasks_that_go_on_in_a_pause_do_not_end_it() -> None:
    history = StartHistory().after_failures([NOW] * 5, LIMITS, NOW)
    for seconds in (60, 120, 180):
        history = history.after_look(NOW + timedelta(seconds=seconds), works=True)
    assert history.is_paused(NOW + timedelta(seconds=180))


def test_starts_are_forgiven_at_once_when_a_worker_has_drawn_since() -> None:
    history = StartHistory().after_failures([NOW] * 4, LIMITS, NOW)
    before, since = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
    assert history.after_look(since, works=False, worked_at=before).failures == 4
    assert history.after_look(since, works=False, worked_at=since).failures == 0


def test_a_task_whose_worker_became_ready_has_started_whatever_ended_it() -> None:
    task = FailedStart(ended=NOW + timedelta(seconds=20), began=NOW)
    assert task.has_failed(None)
    assert task.has_failed(NOW - timedelta(microseconds=1)), "another worker was ready before"
    assert not task.has_failed(NOW)
    assert FailedStart(NOW).has_failed(NOW), "its process could not be started"
    assert FailedStart(NOW).has_failed(None) is True
