"""Failures in the middle of a job: no job is lost, no picture is shown twice."""

import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from discord_diffusion.texts.answers import FAILURE_MARK
from emulation.rig.errors import AnswerError
from emulation.rig.stand_in_client import pictures_of
from emulation.rig.waiting import wait_until
from tests.integration import rights
from tests.messages import text_of
from tests.stack import LAYOUT, Stack, Workers, workers_on
from tests.targets import HOST, TARGET

SLOW = {"prompt": "a yellow heart on a black background", "images": 4, "steps": 30, "seed": 3}


@pytest.fixture
def workers_of_ten_steps(stack: Stack, tmp_path: Path) -> Iterator[Workers]:
    """Workers whose model loads, and fails when a job asks for more than ten steps."""
    model = tmp_path / "ten-steps"
    shutil.copytree(LAYOUT.root / "fixtures/model/tiny", model)
    config = model / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"num_train_timesteps": 10}))
    workers = workers_on(stack)
    workers.change(MODEL=str(model), SCHEDULER="DDIMScheduler")
    yield workers
    workers.end()


@contextmanager
def no_answer_edited(stack: Stack) -> Iterator[None]:
    """Discord's rate limit holds all edits up: no job ends before the test has seen it begin."""
    stack.discord.set_chaos({"rate_limited": {"path": "/webhooks/", "seconds": 3.0}})
    try:
        yield
    finally:
        stack.discord.set_chaos({})


def pictures_shown(stack: Stack, interaction: str) -> int:
    """How many versions of the answer brought pictures to the user."""
    history = stack.discord.interaction(interaction)["history"]
    return sum(bool(pictures_of(version)) for version in history)


def test_a_worker_killed_in_the_middle_of_a_job_loses_nothing(
    stack: Stack, workers: Workers
) -> None:
    worker = workers.start()
    with no_answer_edited(stack):
        interaction = stack.discord.send("imagine", SLOW)
        wait_until(lambda: stack.queue_depth() == (0, 1), "the job is being drawn")
        workers.send(worker, signal.SIGKILL)
    assert pictures_shown(stack, interaction) == 0
    workers.start()
    answer = stack.discord.wait_for_pictures(interaction, 120)
    wait_until(lambda: stack.queue_depth() == (0, 0), "the job is deleted")
    assert len(answer.pictures) == 4
    assert pictures_shown(stack, interaction) == 1
    assert stack.dead_letters() == 0


def test_a_stopped_worker_gives_its_job_back_or_finishes_it(stack: Stack, workers: Workers) -> None:
    worker = workers.start()
    with no_answer_edited(stack):
        interaction = stack.discord.send("imagine", SLOW)
        wait_until(lambda: stack.queue_depth() == (0, 1), "the job is being drawn")
        workers.send(worker, signal.SIGTERM)
    workers.start()
    stack.discord.wait_for_pictures(interaction, 120)
    wait_until(lambda: stack.queue_depth() == (0, 0), "the job is deleted")
    assert pictures_shown(stack, interaction) == 1


def test_the_user_of_a_job_that_cannot_be_drawn_is_notified_and_the_message_becomes_a_dead_letter(
    stack: Stack, workers_of_ten_steps: Workers
) -> None:
    workers_of_ten_steps.start()
    failing = stack.discord.send("imagine", {"prompt": "a blue star", "steps": 11})
    with pytest.raises(AnswerError):
        stack.discord.wait_for_pictures(failing, 120)
    found = stack.discord.interaction(failing)
    assert text_of(found["message"]).startswith(FAILURE_MARK)
    assert "a blue star" in text_of(found["message"])
    assert sum(text_of(version).startswith(FAILURE_MARK) for version in found["history"]) == 1
    wait_until(lambda: stack.is_handled(failing), "the dead letter is handled")
    other = stack.discord.send("imagine", {"prompt": "a red circle", "images": 1, "steps": 10})
    stack.discord.wait_for_pictures(other, 120)
    wait_until(lambda: stack.queue_depth() == (0, 0), "the other job is deleted")
    wait_until(lambda: stack.dead_letters() == 0, "the dead letter is deleted")


@pytest.mark.parametrize("body", ["not JSON", '{"schema_version": 1}'])
def test_a_poison_message_ends_as_a_dead_letter_without_stopping_others(
    stack: Stack, workers: Workers, body: str
) -> None:
    workers.start()
    sent = stack.sqs.send_message(
        QueueUrl=stack.state.queue_url,
        MessageBody=body,
        MessageGroupId="poison",
        MessageDeduplicationId=f"poison-{hash(body)}",
    )
    interaction = stack.discord.send("imagine", {"prompt": "a red circle", "images": 1})
    stack.discord.wait_for_pictures(interaction, 120)
    wait_until(lambda: stack.is_handled(sent["MessageId"]), "the dead letter is handled")
    wait_until(lambda: stack.queue_depth() == (0, 0), "the other job is deleted")
    wait_until(lambda: stack.dead_letters() == 0, "the dead letter is deleted")


def test_a_job_that_no_worker_could_end_is_ended_by_its_dead_letter(stack: Stack) -> None:
    """As after the last lease of a worker that was killed: the message alone is left."""
    lost = stack.discord.send("imagine", {"prompt": "a blue ring"})
    wait_until(lambda: stack.queue_depth()[0] == 1, "the job waits")
    [message] = stack.sqs.receive_message(
        QueueUrl=stack.state.queue_url, AttributeNames=["MessageGroupId"]
    )["Messages"]
    stack.sqs.send_message(
        QueueUrl=stack.state.dead_letter_queue_url,
        MessageBody=message["Body"],
        MessageGroupId=message["Attributes"]["MessageGroupId"],
        MessageDeduplicationId=lost,
    )
    stack.sqs.delete_message(QueueUrl=stack.state.queue_url, ReceiptHandle=message["ReceiptHandle"])
    wait_until(lambda: stack.is_handled(lost), "the dead letter is handled")
    shown = text_of(stack.discord.interaction(lost)["message"])
    assert shown.startswith(FAILURE_MARK)
    assert "a blue ring" in shown


def test_if_the_queue_refuses_the_job_the_user_is_notified_in_the_same_answer(
    stack: Stack, broken_queue: None
) -> None:
    interaction = stack.discord.send("imagine", {"prompt": "a red circle"})
    with pytest.raises(AnswerError):
        stack.discord.wait_for_pictures(interaction, 10)
    found = stack.discord.interaction(interaction)
    assert found["outcome"] == "answered"
    assert found["message"]["flags"] & 64, "only the user sees the apology"


@pytest.mark.skipif(TARGET != HOST, reason="IAM is enforced on the host's emulator only")
def test_the_rights_about_dead_letters_and_messages_that_are_given_back_are_used(
    stack: Stack,
) -> None:
    rights.assert_used(__name__, stack.state)
