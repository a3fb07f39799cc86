"""An endpoint with a queue, a table and guilds in memory, and a caller that signs requests."""

import base64
import itertools
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from nacl.signing import SigningKey

from discord_diffusion.access.guild_changes import GuildChange
from discord_diffusion.access.guild_channels import GuildChannel, KnownChannel
from discord_diffusion.access.guild_settings import GuildSettings
from discord_diffusion.access.limits import Quota, Usage
from discord_diffusion.aws.deadline import Deadline
from discord_diffusion.aws.errors import QueueError, StoreUnavailableError
from discord_diffusion.aws.guild_store import ManagedGuild
from discord_diffusion.aws.ledger import Charge
from discord_diffusion.aws.queue import QueueDepth
from discord_diffusion.fleet.state import FleetSnapshot, FleetState
from discord_diffusion.functions.interactions.admission import Admission
from discord_diffusion.functions.interactions.confirmation_schedule import ConfirmationSchedule
from discord_diffusion.functions.interactions.endpoint import Endpoint
from discord_diffusion.functions.interactions.parameters import ParameterBuilder
from discord_diffusion.functions.interactions.picture_requests import PictureRequests
from discord_diffusion.functions.interactions.router import LazyHandlers, Router
from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.record import JobRecord, JobStatus, WaitEstimate
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.settings.interactions import InteractionsSettings

KEY = SigningKey(bytes(range(32)))
TOKEN = "the-interaction-token"
_NUMBERS = itertools.count()
SETTINGS = InteractionsSettings.from_environ(
    {
        "QUEUE_URL": "http://127.0.0.1/jobs.fifo",
        "JOBS_TABLE": "test-jobs",
        "MAXIMUM_TASKS": "2",
        "DISCORD_PUBLIC_KEY": KEY.verify_key.encode().hex(),
        "DEFAULT_STEPS": "12",
        "MODELS": '{"second": {"model": "x", "scheduler": "LCMScheduler"}}',
        "LORAS": json.dumps(
            {
                "ink": {"lora": "x", "weight": 0.8},
                "line": {"lora": "x", "models": [None, "second"]},
                "chalk": {"lora": "x"},
                "wash": {"lora": "x"},
                "gold": {"lora": "x", "models": ["second"]},
            }
        ),
    }
)


@dataclass
class ListQueue:
    """A queue in memory that drops a second job of the same interaction, as SQS FIFO does."""

    jobs: list[Job] = field(default_factory=list)
    in_flight: int = 0
    """The messages of other users, which workers hold."""
    broken: Exception | None = None

    def send(self, job: Job) -> None:
        if self.broken:
            raise self.broken
        if job.id not in {known.id for known in self.jobs}:
            self.jobs.append(job)

    def depth(self) -> QueueDepth:
        if self.broken:
            raise self.broken
        return QueueDepth(len(self.jobs), self.in_flight)

    def refuse(self) -> None:
        """Fail as SQS does when it throttles."""
        self.broken = QueueError("ThrottlingException")


@dataclass
class KnownIds:
    """The ids of the commands, by name."""

    ids: dict[str, str] = field(default_factory=dict)
    reads: int = 0

    def by_command(self) -> Mapping[str, str]:
        self.reads += 1
        return self.ids


@dataclass
class DictStore:
    """The records and the state of the fleet in memory."""

    records: dict[str, JobRecord] = field(default_factory=dict)
    state: FleetState = field(default_factory=FleetState)
    charges: list[Charge | None] = field(default_factory=list)
    refusal: Refusal | None = None
    """The ledger's refusal of the next job."""
    broken: Exception | None = None
    cancellations: dict[str, frozenset[str]] = field(default_factory=dict)
    late: bool = False
    """Whether a record is written only after its writer has timed out."""
    late_records: list[JobRecord] = field(default_factory=list)
    command_ids: KnownIds = field(default_factory=KnownIds)

    def accept(
        self, job: Job, *, charge: Charge | None = None, wait: WaitEstimate | None = None
    ) -> bool:
        self._break()
        if job.id in self.records:
            return False
        units = charge.units if charge else 0
        self.charges.append(charge)
        if self.refusal:
            raise self.refusal
        record = JobRecord.of(job, units=units, wait=wait)
        if self.late:
            self.late_records.append(record)
            raise StoreUnavailableError("ReadTimeoutError")
        self.records[job.id] = record
        return True

    def reject(self, job: Job, *, reason: str) -> bool:
        self._break()
        if job.id in self.records:
            return False
        self.records[job.id] = JobRecord.of(job)
        return self.finish(job.id, JobStatus.REFUSED, reason=reason)

    def confirm_notified(self, job_id: str) -> None:
        self._break()
        self.records[job_id] = replace(self.records[job_id], token=None)

    def write_late_records(self) -> None:
        """Write the records of writers that timed out, as conditional writes do."""
        for record in self.late_records:
            self.records.setdefault(record.id, record)

    def get(self, job_id: str | None = None) -> Any:
        """A record; without an id, the fleet."""
        self._break()
        return self.records.get(job_id) if job_id else self.state

    def waiting(self, limit: int) -> list[JobRecord]:
        self._break()
        found = [record for record in self.records.values() if not record.status.finished]
        return sorted(found, key=lambda record: int(record.id))[:limit]

    def withdraw(
        self,
        job_id: str,
        status: JobStatus,
        *,
        reason: str,
        notify_later: bool = False,
    ) -> bool:
        self._break()
        before = self.records[job_id]
        if before.status is not JobStatus.QUEUED:
            return False
        self.finish(job_id, status, reason=reason)
        if notify_later:
            self.records[job_id] = replace(self.records[job_id], token=before.token)
        return True

    def jobs_to_cancel(self, interaction_id: str, job_ids: Collection[str]) -> frozenset[str]:
        self._break()
        return self.cancellations.setdefault(interaction_id, frozenset(job_ids))

    def finish(self, job_id: str, status: JobStatus, **details: str | float) -> bool:
        self._break()
        self.records[job_id] = replace(
            self.records[job_id],
            status=status,
            token=None,
            details={name: str(value) for name, value in details.items()},
        )
        return True

    def _break(self) -> None:
        if self.broken:
            raise self.broken

    def set_snapshot(self, **snapshot: Any) -> None:
        """Set the fleet snapshot of this moment."""
        counts = {"visible": 0, "in_flight": 0, "running": 0, "desired": 0, "wanted": 0}
        now = datetime.now(UTC)
        self.state = FleetState(FleetSnapshot(**{**counts, "measured_at": now, **snapshot}))


@dataclass
class DictHistory:
    """The history in memory: all answered records."""

    records: dict[str, JobRecord]
    removed: set[str] = field(default_factory=set)

    def between(
        self, user_id: str, after: datetime, before: datetime, limit: int, *, newest: bool = True
    ) -> list[JobRecord]:
        found = [
            one
            for one in sorted(self.records.values(), key=lambda one: int(one.id), reverse=True)
            if (one.user_id, one.status) == (user_id, JobStatus.ANSWERED)
            and after < one.created_at < before
        ]
        return found[:limit] if newest else found[-limit:]

    def remove(self, job_id: str) -> None:
        self.removed.add(job_id)


@dataclass
class DictGuilds:
    """The settings of guilds and the audit records, in memory."""

    by_guild: dict[str, tuple[GuildSettings, int]] = field(default_factory=dict)
    records: dict[str, JobRecord] = field(default_factory=dict)
    """The records of jobs, whose units are used."""
    in_flight: frozenset[str] = frozenset()
    audited: list[dict[str, Any]] = field(default_factory=list)
    channels: dict[str, KnownChannel] = field(default_factory=dict)
    changes: tuple[GuildChange, ...] = ()
    notes: int = 0
    """How often a channel was noted."""
    asked_for: list[str | None] = field(default_factory=list)
    """The guilds whose settings and usage were read."""
    saved_by_another: bool = False
    """Whether somebody else always saves first."""
    broken: Exception | None = None

    def settings(self, guild_id: str) -> tuple[GuildSettings, int]:
        self._break()
        return self.by_guild.get(guild_id, (GuildSettings(), 0))

    def set_settings(self, **settings: Any) -> None:
        """Set the settings of the guild of `imagine`."""
        self.by_guild["2000"] = (GuildSettings(**settings), 1)

    def managed(self, guild_id: str, event_id: str) -> ManagedGuild:
        self._break()
        settings, version = self.by_guild.get(guild_id, (GuildSettings(), 0))
        done = next((one for one in self.audited if one["id"] == event_id), None)
        return ManagedGuild(guild_id, settings, version, self.changes, len(self.changes), done)

    def change(
        self,
        guild: ManagedGuild,
        change: GuildChange,
        settings: GuildSettings | None = None,
        **details: Any,
    ) -> bool:
        self._break()
        now = self.managed(guild.id, change.event_id)
        versions = guild.version, guild.changes_version
        if self.saved_by_another or now.done or (now.version, now.changes_version) != versions:
            return False
        if settings:
            self.by_guild[guild.id] = (settings, guild.version + 1)
            details["settings"] = settings.to_json()
        self.changes = (change, *self.changes)
        action = f"settings.{change.action}"
        self.audit(change.event_id, change.user_id, guild.id, action, **details)
        return True

    def settings_and_usage(
        self,
        user_id: str,  # noqa: ARG002
        guild_id: str | None,
        now: datetime,  # noqa: ARG002
        channel_id: str | None = None,
    ) -> tuple[GuildSettings, Usage, KnownChannel | None]:
        settings, _version = self.settings(guild_id or "")
        self.asked_for.append(guild_id)
        used = sum(record.units for record in self.records.values())
        usage = Usage(dict.fromkeys(Quota, used), self.in_flight)
        return settings, usage, self.channels.get(channel_id or "")

    def note_refusal(self, guild_id: str, now: datetime) -> None:  # noqa: ARG002
        self._break()

    def note_channel(self, channel: GuildChannel, until: datetime | None) -> None:
        self._break()
        self.notes += 1
        self.channels[channel.id] = KnownChannel(channel, until)

    def audit(
        self,
        event_id: str,
        user_id: str,
        guild_id: str | None,  # noqa: ARG002
        action: str,
        **details: str | int | None,
    ) -> None:
        self._break()
        self.audited.append({"id": event_id, "user": user_id, "action": action, **details})

    def _break(self) -> None:
        if self.broken:
            raise self.broken


@dataclass
class CountingMachine:
    """Counts how often a state machine was started; `given` are the inputs."""

    starts: int = 0
    given: list[dict[str, Any]] = field(default_factory=list)
    broken: Exception | None = None

    def start(self, given: Mapping[str, Any] | None = None, *, repeat: bool = True) -> None:  # noqa: ARG002
        if self.broken:
            raise self.broken
        self.starts += 1
        if given:
            self.given.append(dict(given))


@dataclass
class Clock:
    """A clock that moves only when a test moves it, in seconds."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Caller:
    """Signs and sends payloads to an endpoint, as Discord does."""

    queue: ListQueue
    store: DictStore
    wake: CountingMachine
    confirm: CountingMachine
    guilds: DictGuilds
    endpoint: Endpoint
    clock: Clock

    def post(self, payload: object, **event: Any) -> dict[str, Any]:
        """The HTTP response to a signed payload, in an event of payload format 1.0."""
        return self.post_bytes(json.dumps(payload).encode(), **event)

    def post_bytes(self, body: bytes, **event: Any) -> dict[str, Any]:
        """As `post`, with the body as it is."""
        return self.endpoint.answer(event_v1(body) | event)

    def content(self, payload: object) -> dict[str, Any]:
        """The content of the response to a signed payload, whose status must be 200."""
        response = self.post(payload)
        assert response["statusCode"] == 200, response
        answer: dict[str, Any] = json.loads(response["body"])
        return answer


def headers(body: bytes) -> dict[str, str]:
    """The headers with which Discord signs a body now."""
    timestamp = str(int(time.time()))
    return {
        "X-Signature-Ed25519": KEY.sign(timestamp.encode() + body).signature.hex(),
        "X-Signature-Timestamp": timestamp,
        "Content-Type": "application/json",
    }


def event_v1(body: bytes) -> dict[str, Any]:
    """Payload format 1.0, as API Gateway REST sends it."""
    return {"headers": headers(body), "body": body.decode(), "isBase64Encoded": False}


def event_v2(body: bytes) -> dict[str, Any]:
    """Payload format 2.0, as API Gateway HTTP and function URLs send it: sometimes base64."""
    lower = {name.lower(): value for name, value in headers(body).items()}
    encoded = base64.b64encode(body).decode()
    return {"version": "2.0", "headers": lower, "body": encoded, "isBase64Encoded": True}


def event_multi_value(body: bytes) -> dict[str, Any]:
    """An event whose headers are lists."""
    many = {name: [value] for name, value in headers(body).items()}
    return {"multiValueHeaders": many, "body": body.decode(), "isBase64Encoded": False}


def new_id() -> str:
    """A snowflake of an interaction that was made just now."""
    milliseconds = int(time.time() * 1000) - 1_420_070_400_000
    return str((milliseconds << 22) + next(_NUMBERS))


def imagine(**options: Any) -> dict[str, Any]:
    """`/imagine` in a guild."""
    return {
        "type": 2,
        "id": new_id(),
        "application_id": "1000",
        "token": TOKEN,
        "guild_id": "2000",
        "channel_id": "3000",
        "channel": {"id": "3000", "nsfw": True},
        "member": {"user": {"id": "4000", "username": "ada"}},
        "locale": "en-US",
        "attachment_size_limit": 26214400,
        "data": {
            "id": "1",
            "name": "imagine",
            "type": 1,
            "options": [{"name": name, "value": value} for name, value in options.items()],
        },
    }


def make_caller(settings: InteractionsSettings = SETTINGS) -> Caller:
    """An endpoint with an empty queue, an empty table and a fleet that sleeps."""
    queue, store = ListQueue(), DictStore()
    wake, confirm = CountingMachine(), CountingMachine()
    guilds = DictGuilds(records=store.records)
    clock = Clock()
    schedule, deadline = ConfirmationSchedule(confirm), Deadline(clock=clock)
    admission = Admission(store, queue, store, wake, schedule, settings.fleet, clock, deadline)
    requests = PictureRequests(
        ParameterBuilder(settings), admission, guilds, settings.limits, settings.audit_days
    )
    history = DictHistory(store.records)
    router = Router(requests, LazyHandlers(requests, store, store, history, store.command_ids))
    return Caller(queue, store, wake, confirm, guilds, Endpoint(settings, router), clock)


@pytest.fixture
def caller() -> Caller:
    """An endpoint as `make_caller` makes it."""
    return make_caller()
