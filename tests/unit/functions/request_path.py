"""The path of one request through the real handlers, with faults of AWS in single calls.

`interactions` and `waiting` are the Lambdas' own modules, the table and the queue are moto's. Each
call of the SDK can fail as AWS fails, or be the last one before the function is ended.
"""

import importlib
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from discord_diffusion.access.limits import day_of
from discord_diffusion.aws import clients, deadline
from discord_diffusion.aws.dynamodb import Table, from_item
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.aws.queue import JobQueue
from discord_diffusion.discord.errors import NotAnsweredYetError
from discord_diffusion.discord.original_response import Message
from discord_diffusion.functions.waiting.notifier import WaitingNotifier
from discord_diffusion.jobs.job import Job, snowflake_time
from discord_diffusion.worker.held_jobs import HeldJob
from discord_diffusion.worker.job_record_writer import JobRecordWriter
from discord_diffusion.worker.lease import LeaseTerms
from discord_diffusion.worker.outcomes import JobOutcomes
from discord_diffusion.worker.pace import Pace
from discord_diffusion.worker.prepare import Preparer
from discord_diffusion.worker.publisher import MessageState
from tests.jobs_table import create_jobs_table
from tests.unit.functions.conftest import KEY, event_v1, imagine

_SECONDS = {"dynamodb": 0.9, "sqs": 1.2, "stepfunctions": 0.8}
"""How long an attempt takes that AWS does not answer."""
_REGION = "us-east-1"
_NUMBERS = itertools.count(500_000)


class Fault(StrEnum):
    """What happens to a call."""

    LOST = "timed out before it took effect"
    UNANSWERED = "timed out after it took effect"
    LATE = "timed out and takes effect after the next call"
    VERY_LATE = "timed out and takes effect after the answer"
    THROTTLED = "throttled"
    FAILED = "5xx"
    ENDED_BEFORE = "the function is ended before it"
    ENDED_AFTER = "the function is ended after it"


class FunctionEnded(BaseException):
    """Lambda ends the function."""


@dataclass
class Discord:
    """The one message of the interaction, as its user sees it; None until it is answered."""

    token: str
    message: dict[str, Any] | None = None

    def read(self, _application_id: str, token: str) -> Message:
        # Earlier requests may wait for an answer that will never come.
        if self.message is None or token != self.token:
            raise NotAnsweredYetError(404, 10015, "Unknown Webhook")
        return Message.from_json(self.message)

    def write(
        self,
        application_id: str,
        token: str,
        components: list[dict[str, Any]],
    ) -> Message:
        self.read(application_id, token)
        assert self.message is not None
        edited = "2026-01-01T00:00:00+00:00"
        self.message |= {"components": components, "edited_timestamp": edited}
        return Message.from_json(self.message)


@dataclass
class RequestPath:
    """One request: `answer` it with a fault, let a `worker` look at the queue, then `confirm`."""

    interactions: ModuleType
    waiting: ModuleType
    table: Table
    queue: JobQueue
    payload: dict[str, Any]
    discord: Discord
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Service and operation of each call of the function `interactions`."""
    fault: Fault | None = None
    at: int = 0
    lasting: bool = False
    """Whether all later calls of the service have the same fault."""
    then: dict[str, Fault] = field(default_factory=dict)
    """Faults of later calls, by operation."""
    worker_is_quick: bool = False
    """Whether a worker has the message before the function goes on."""
    now: float = 0.0
    again_before: int | None = None
    """The call before which another delivery of the interaction is answered, without a fault."""
    confirmations: list[dict[str, Any]] = field(default_factory=list)
    """The inputs of the executions of the state machine `confirm`."""
    _answering: bool = False
    _late: list[Callable[[], Any]] = field(default_factory=list)
    _drawn: list[HeldJob] = field(default_factory=list)

    def call(self, service: str, operation: str, make: Callable[[], Any]) -> Any:
        """One call of the SDK."""
        if not self._answering:
            return make()
        number = len(self.calls)
        if number == self.again_before:
            self._deliver_again()
        self.calls.append((service, operation))
        try:
            return self._faulty(number, service, self.then.get(operation), make)
        finally:
            if operation == "SendMessage" and self.worker_is_quick:
                self.worker()
            if Fault.LATE in (self.fault, *self.then.values()) and number > self.at:
                self.make_late_calls()

    def _faulty(
        self, number: int, service: str, later: Fault | None, make: Callable[[], Any]
    ) -> Any:
        if number <= self.at:
            fault = self.fault if number == self.at else None
        else:
            lasts = self.lasting and service == self.calls[self.at][0]
            fault = self.fault if lasts else later
        match fault:
            case Fault.ENDED_BEFORE:
                raise FunctionEnded
            case Fault.ENDED_AFTER:
                make()
                raise FunctionEnded
            case Fault.THROTTLED:
                raise _error("ThrottlingException", 400)
            case Fault.FAILED:
                raise _error("InternalServerError", 500)
            case Fault.LOST | Fault.UNANSWERED | Fault.LATE | Fault.VERY_LATE as fault:
                self.now += _SECONDS[service]
                if fault is Fault.UNANSWERED:
                    make()
                elif fault is not Fault.LOST:
                    self._late.append(make)
                raise ReadTimeoutError(endpoint_url="https://aws.test")
        return make()

    def make_late_calls(self) -> None:
        """Let the calls take effect that are under way."""
        while self._late:
            late = self._late.pop(0)
            answering, self._answering = self._answering, False
            try:
                late()
            except ClientError:
                pass  # its condition does not hold any more
            finally:
                self._answering = answering

    def answer(self) -> None:
        """Discord sends the interaction and shows the answer, if there is one."""
        self._answering = True
        try:
            response = self.interactions.handler(event_v1(json.dumps(self.payload).encode()), None)
        except FunctionEnded:
            pass
        else:
            assert self.now < 3.0
            self._show(response)
        finally:
            self._answering = False

    def _deliver_again(self) -> None:
        """Another process answers the same interaction."""
        deadline, self.again_before = self.interactions._DEADLINE, None
        begun, self._answering = deadline._begun, False
        body = json.dumps(self.payload).encode()
        self._show(self.interactions.handler(event_v1(body), None))
        deadline._begun, self._answering = begun, True

    def _show(self, response: dict[str, Any]) -> None:
        """Show an answer, if it is the first one."""
        if self.discord.message is None:
            self.discord.message = {"id": "1", **json.loads(response["body"])["data"]}

    def worker(self) -> None:
        """A worker takes every message that it can have, and draws what it should."""
        answering, self._answering = self._answering, False
        try:
            while messages := self.queue.receive():
                job = Job.from_json(messages[0].body)
                held = HeldJob(messages[0], job, Mock(), Mock(), last=False)
                if self._preparer.prepare(held, to_draw=True):
                    self._drawn.append(held)
        finally:
            self._answering = answering

    def deliver(self) -> None:
        """The workers upload what they have drawn."""
        while self._drawn:
            held = self._drawn.pop()
            if self.discord.message is None:
                self._outcomes.failed(held, NotAnsweredYetError(404, 10015, "Unknown Webhook"))
                continue
            self.discord.message["attachments"] = [{"filename": f"{held.job.id}-0.png"}]
            self._outcomes.answered(held)

    @property
    def _preparer(self) -> Preparer:
        return Preparer(
            JobRecordWriter(JobStore(self.table)), self._publisher, Mock(), self._outcomes, Pace()
        )

    @property
    def _outcomes(self) -> JobOutcomes:
        records, terms = JobRecordWriter(JobStore(self.table)), LeaseTerms(60, 3)
        return JobOutcomes(self.queue, self._publisher, records, terms, Mock())

    @property
    def _publisher(self) -> Any:
        return Mock(message_state=Mock(return_value=MessageState.PENDING))

    def confirm(self) -> bool:
        """What `waiting` does 4 s after the interaction; False if nothing has it do so."""
        asked = [one for one in self.confirmations if self.payload["id"] in one["jobs"]]
        for one in asked:
            at = datetime.fromisoformat(one["at"])
            assert at == snowflake_time(self.payload["id"]) + timedelta(seconds=4)
            self._notifier.confirm(one["jobs"], at)
        return bool(asked)

    def look(self, *, seconds: float) -> None:
        """What `waiting` does for the scaling loop, so many seconds after the interaction."""
        self._notifier.run(datetime.now(UTC) + timedelta(seconds=seconds))

    @property
    def _notifier(self) -> WaitingNotifier:
        notifier = self.waiting._NOTIFIER
        confirmation = replace(notifier.confirmation, discord=self.discord)
        return replace(notifier, discord=self.discord, confirmation=confirmation)

    @property
    def user_reads(self) -> str:
        """What the message shows: pictures, queued, no (there is no job), or nothing."""
        if self.discord.message is None:
            return "nothing"
        if self.discord.message.get("attachments"):
            return "pictures"
        buttons = Message.from_json(self.discord.message).custom_ids
        return "queued" if any(one.startswith("cancel:") for one in buttons) else "no"

    @property
    def facts(self) -> dict[str, Any]:
        """The record's status, what is charged, the jobs in flight and the messages."""
        user = self.payload["guild_id"]
        items = {item["id"]: item for item in map(from_item, moto_table_items())}
        record = items.get(f"job#{self.payload['id']}", {})
        created = snowflake_time(self.payload["id"])
        day = items.get(f"user#{user}#{day_of(created)}", {})
        jobs = items.get(f"user#{user}", {}).get("jobs", ())
        return {
            "status": record.get("status"),
            "units": record.get("units"),
            "used": day.get("used", 0),
            "in flight": len(jobs),
            "messages": len(_moto(sqs_backends).queues["jobs.fifo"]._messages),
        }


def moto_table_items() -> list[dict[str, Any]]:
    """The items of the table, in which a call of the SDK takes milliseconds to look."""
    table = _moto(dynamodb_backends).get_table("jobs")
    return [item.to_json()["Attributes"] for item in table.all_items()]


def _moto(service: Any) -> Any:
    return service[DEFAULT_ACCOUNT_ID][_REGION]


def _error(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "x"
    )


@dataclass
class Deployment:
    """A deployment with a fleet that sleeps; all requests share it, one after another."""

    interactions: ModuleType
    waiting: ModuleType
    table: Table
    queue: JobQueue
    path: RequestPath | None = None

    def start_execution(self, arguments: dict[str, Any]) -> None:
        """Keep the input of an execution of `confirm`."""
        if self.path and arguments["stateMachineArn"].endswith(":confirm"):
            self.path.confirmations.append(json.loads(arguments["input"]))

    def new_path(self) -> RequestPath:
        """The path of a new request, with nothing else in the queue and the table.

        moto copies a whole table for each transaction.
        """
        self.path = None
        _moto(dynamodb_backends).get_table("jobs").items.clear()
        admission = self.interactions._REQUESTS.admission
        admission._state_expires_at = admission._next_wake_at = 0.0
        payload = imagine(prompt="a star")
        number = str(next(_NUMBERS))
        payload |= {
            "token": number,
            "guild_id": number,
            "channel_id": number,
            "channel": {"id": number, "type": 0, "nsfw": False},
            "member": {"user": {"id": number, "username": "ada"}},
        }
        self.path = RequestPath(
            self.interactions, self.waiting, self.table, self.queue, payload, Discord(number)
        )
        return self.path


@contextmanager
def deployment() -> Iterator[Deployment]:
    """A deployment in this process, until the block ends."""
    with pytest.MonkeyPatch.context() as monkeypatch, mock_aws():
        session = boto3.Session("key", "secret", region_name=_REGION)
        dynamodb, sqs = session.client("dynamodb"), session.client("sqs")
        create_jobs_table(dynamodb, "jobs")
        machine = f"arn:aws:states:{_REGION}:000000000000:stateMachine"
        url = sqs.create_queue(QueueName="jobs.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        for name, value in {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": _REGION,
            "QUEUE_URL": url,
            "JOBS_TABLE": "jobs",
            "MAXIMUM_TASKS": "2",
            "USER_UNITS_PER_DAY": "1000",
            "DISCORD_PUBLIC_KEY": KEY.verify_key.encode().hex(),
            "WAKE_STATE_MACHINE_ARN": f"{machine}:wake",
            "CONFIRM_STATE_MACHINE_ARN": f"{machine}:confirm",
        }.items():
            monkeypatch.setenv(name, value)
        clients._session.cache_clear()
        interactions, waiting = (
            importlib.reload(importlib.import_module(f"discord_diffusion.functions.{name}.handler"))
            for name in ("interactions", "waiting")
        )
        made = Deployment(
            interactions,
            waiting,
            Table("jobs", client=dynamodb),
            JobQueue(url, wait_seconds=0, region=_REGION),
        )
        monkeypatch.setattr(
            interactions._DEADLINE, "_clock", lambda: made.path.now if made.path else 0.0
        )
        monkeypatch.setattr(deadline.time, "sleep", lambda _seconds: None)
        call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

        def make_api_call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
            service = str(client.meta.service_model.service_name)
            make = partial(call, client, operation, arguments)
            if service == "stepfunctions":  # moto would need the state machines
                make = partial(made.start_execution, arguments)
            return made.path.call(service, operation, make) if made.path else make()

        monkeypatch.setattr(BaseClient, "_make_api_call", make_api_call)
        yield made
        clients._session.cache_clear()
