"""From Discord to the queue: which interactions become job messages. No worker receives them."""

import httpx
import pytest

from emulation.rig.errors import AnswerError
from emulation.rig.stand_in_client import pictures_of
from emulation.rig.waiting import wait_until
from fixtures.discord.signing import sign
from tests.stack import Stack, Workers
from tests.targets import HOST, TARGET


@pytest.fixture(autouse=True, scope="module")
def _empty(stack: Stack) -> None:
    stack.empty_queue()


def test_a_request_with_a_wrong_signature_never_reaches_the_queue(stack: Stack) -> None:
    body = b'{"type": 2, "id": "1", "token": "t", "data": {"name": "imagine"}}'
    good = sign(body)
    forged = {
        "of another body": sign(body + b" "),
        "missing": {},
        "not hexadecimal": good | {"X-Signature-Ed25519": "zz" * 64},
        "too short": good | {"X-Signature-Ed25519": "00"},
        "of another time": good | {"X-Signature-Timestamp": "1"},
    }
    for what, headers in forged.items():
        answer = httpx.post(stack.state.interactions_url, content=body, headers=headers)
        assert answer.status_code == 401, what
    assert stack.queue_depth() == (0, 0)


def test_an_interaction_that_is_sent_again_makes_one_job_and_one_message(
    stack: Stack, workers: Workers
) -> None:
    interaction = stack.discord.send("imagine", {"prompt": "a blue square", "images": 1})
    for _ in range(3):
        stack.discord.redeliver(interaction)
    assert stack.queue_depth() == (1, 0)
    workers.start()
    stack.discord.wait_for_pictures(interaction, 60)
    wait_until(lambda: stack.queue_depth() == (0, 0), "the job is deleted")
    found = stack.discord.interaction(interaction)
    assert sum(bool(pictures_of(version)) for version in found["history"]) == 1


def test_an_unknown_command_gets_a_polite_answer(stack: Stack) -> None:
    interaction = stack.discord.send("imagine", {"prompt": "x"}, raw={"data": {"name": "gone"}})
    with pytest.raises(AnswerError, match=r"(?i)command"):
        stack.discord.wait_for_pictures(interaction, 10)


@pytest.mark.skipif(
    TARGET == HOST, reason="test_fleet_scenarios.py plans the same module, restored likewise"
)
def test_after_apply_the_plan_is_empty(stack: Stack) -> None:
    assert stack.plan_is_empty()
