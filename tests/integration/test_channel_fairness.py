"""One busy user does not delay the others: each user's jobs are a queue of their own."""

from channel import Channel

from tests.stack import Stack, Workers

BUSY_JOBS = 8


def test_other_users_are_answered_before_most_jobs_of_a_busy_user(
    stack: Stack, workers: Workers
) -> None:
    """All jobs are sent before the worker starts."""
    channel = Channel(stack)
    busy = channel.new_user()
    many = [channel.imagine(busy, options={"steps": 4 + one}) for one in range(BUSY_JOBS)]
    others = [channel.imagine(channel.new_user()) for _ in range(3)]
    workers.start()
    answered = [channel.pictures(one)["edited_timestamp"] for one in (*many, *others)]
    of_busy, of_others = answered[:BUSY_JOBS], answered[BUSY_JOBS:]
    assert of_busy == sorted(of_busy), "a user's own jobs keep their order"
    overtaken = sum(max(of_others) > one for one in of_busy)
    assert overtaken <= 3, "of eight, at most those that a worker holds at a time"
