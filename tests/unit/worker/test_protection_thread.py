"""Task protection: on while jobs are held, off soon after, without delaying a job."""

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from discord_diffusion.aws.errors import TaskProtectionError
from discord_diffusion.aws.task_protection import TaskProtection
from discord_diffusion.worker.protection_thread import MINUTES, ProtectionThread
from tests.unit.worker.fakes import wait_until


@dataclass
class Agent:
    """An ECS agent that records the requests."""

    requests: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    status: int = 200
    answer: Any = field(default_factory=lambda: {"protection": {"ProtectionEnabled": True}})

    def task(self) -> TaskProtection:
        transport = httpx.MockTransport(self._handle)
        return TaskProtection("http://169.254.170.2/api/abc", transport=transport)

    def states(self) -> list[bool]:
        return [body["ProtectionEnabled"] for _, _, body in self.requests]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, str(request.url), json.loads(request.content)))
        return httpx.Response(self.status, json=self.answer)


@pytest.fixture
def agent() -> Agent:
    return Agent()


def test_the_agent_is_called_as_ecs_documents_it(agent: Agent) -> None:
    agent.task().protect(16)
    agent.task().unprotect()
    url = "http://169.254.170.2/api/abc/task-protection/v1/state"
    assert agent.requests == [
        ("PUT", url, {"ProtectionEnabled": True, "ExpiresInMinutes": 16}),
        ("PUT", url, {"ProtectionEnabled": False}),
    ]


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (200, {"failure": {"Arn": "a", "Reason": "DEPLOYMENT_BLOCKED"}}, "DEPLOYMENT_BLOCKED"),
        (400, {"error": {"Code": "AccessDeniedException"}}, "AccessDeniedException"),
        (500, ["?"], "without a reason"),
    ],
)
def test_a_refusal_of_the_agent_is_an_error_that_names_the_reason(
    agent: Agent, status: int, answer: Any, reason: str
) -> None:
    agent.status, agent.answer = status, answer
    with pytest.raises(TaskProtectionError, match=reason):
        agent.task().protect(1)


def test_an_answer_that_is_no_json_is_an_error_without_a_reason() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(502, text="<html>"))
    task = TaskProtection("http://169.254.170.2/api/abc", transport=transport)
    with pytest.raises(TaskProtectionError) as refused:
        task.protect(1)
    assert str(refused.value) == "502 without a reason"


def test_the_agent_is_asked_without_a_proxy_and_waited_for_3_seconds() -> None:
    client = TaskProtection("http://169.254.170.2/api/abc")._client
    assert client.timeout == httpx.Timeout(3.0)
    assert client.trust_env is False


def test_an_agent_that_is_not_there_is_an_error() -> None:
    with pytest.raises(TaskProtectionError, match="ConnectError"):
        TaskProtection("http://127.0.0.1:1").unprotect()


def test_protection_is_on_while_jobs_are_held_and_off_afterwards(agent: Agent) -> None:
    protection = ProtectionThread(agent.task(), linger_seconds=0)
    protection.start()
    protection.job_added()
    wait_until(lambda: agent.states() == [True])
    protection.job_added()
    protection.job_removed()
    protection.job_removed()
    wait_until(lambda: agent.states() == [True, False])
    assert agent.requests[0][2]["ExpiresInMinutes"] == MINUTES


def test_between_two_jobs_the_agent_is_not_called(agent: Agent) -> None:
    now = [0.0]
    protection = ProtectionThread(agent.task(), linger_seconds=0.05, clock=lambda: now[0])
    protection.start()
    protection.job_added()
    wait_until(lambda: agent.requests)
    for _ in range(20):
        protection.job_removed()
        protection.job_added()
    protection.job_removed()
    assert agent.states() == [True]
    now[0] = 0.05
    wait_until(lambda: False in agent.states())
    assert agent.states() == [True, False]


def test_protection_is_renewed_before_it_runs_out(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_diffusion.worker.protection_thread._RENEW_AFTER_SECONDS", 0.01)
    protection = ProtectionThread(agent.task())
    protection.start()
    protection.job_added()
    wait_until(lambda: len(agent.requests) >= 3)
    assert all(agent.states())


def test_a_refused_call_is_retried(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discord_diffusion.worker.protection_thread._FIRST_PAUSE_SECONDS", 0.01)
    agent.status = 503
    protection = ProtectionThread(agent.task())
    protection.start()
    protection.job_added()
    wait_until(lambda: len(agent.requests) >= 2)
    agent.status = 200
    wait_until(lambda: vars(protection)["_on"])
    assert all(agent.states())


def protecting() -> set[threading.Thread]:
    """The threads that follow the number of jobs, also those of other tests."""
    return {one for one in threading.enumerate() if one.name == "protection"}


def test_outside_ecs_no_thread_is_started_and_jobs_are_counted_all_the_same() -> None:
    before = protecting()
    protection = ProtectionThread(None)
    protection.start()
    protection.job_added()
    assert vars(protection)["_held"] == 1
    protection.job_removed()
    assert vars(protection)["_held"] == 0
    assert protecting() <= before
