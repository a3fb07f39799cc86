"""The commands `/queue`, `/cancel`, `/quota`, `/help` and "Show parameters", answered privately."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.access.limits import Quota, next_day
from discord_diffusion.aws.command_ids import CommandIds
from discord_diffusion.aws.fleet_state import FleetStateStore
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.discord import responses
from discord_diffusion.discord.answer_layouts import notice
from discord_diffusion.discord.command_model import Command, CommandType
from discord_diffusion.discord.commands import COMMANDS
from discord_diffusion.discord.components import CustomId
from discord_diffusion.discord.errors import InvalidCustomIdError
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.fleet.state import FleetSettings, FleetState
from discord_diffusion.fleet.wait_estimate import expected_wait
from discord_diffusion.fleet.work import Line, WorkAhead, units_of
from discord_diffusion.functions import texts
from discord_diffusion.functions.interactions.picture_requests import PictureRequests
from discord_diffusion.functions.interactions.visibility import visible_record
from discord_diffusion.jobs.options import PARAMETERS
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.answers import cost, quoted_request, unit_count
from discord_diffusion.texts.catalogue import described, say
from discord_diffusion.texts.formatting import quote

QUEUE_LENGTH = 200
"""The most records that `/queue` reads, oldest first."""
PROMPT_LENGTH = 80
"""The longest prompt that `/queue` shows, in UTF-16 units."""
_ALWAYS_SHOWN = (Quota.USER, Quota.GUILD)
"""What `/quota` shows although it has no limit."""
_FILENAME = re.compile(r"(?:SPOILER_)?([0-9]{1,20})-[0-9]{1,2}\.")


@dataclass(frozen=True)
class InformationCommands:
    """Answers these commands. Every method may raise `Refusal`, or `StoreError`."""

    requests: PictureRequests
    jobs: JobStore
    fleet: FleetStateStore
    settings: FleetSettings
    command_ids: CommandIds

    def queue(self, interaction: Interaction) -> dict[str, Any]:
        """The place of each of the user's jobs in the queue, and the state of the fleet."""
        locale, now = interaction.locale, datetime.now(UTC)
        state, waiting = self.fleet.get(), self.jobs.waiting(QUEUE_LENGTH)
        open_jobs = [record for record in waiting if not record.status.finished]
        mine, line = [], Line()
        for record in open_jobs:
            if record.user_id == interaction.user_id:
                mine.append(self._place(record, line.ahead_of(record), state, locale, now))
            line.add(record)
        lines = mine or [say(locale, "queue.none")]
        lines.append(_fleet_line(state, len(open_jobs), locale, now))
        return responses.ephemeral(notice("\n".join(lines)))

    def _place(
        self, record: JobRecord, ahead: WorkAhead, state: FleetState, locale: str, now: datetime
    ) -> str:
        prompt = f"> {quote(record.parameters.prompt, PROMPT_LENGTH)}"
        if record.status is JobStatus.DRAWING:
            return say(locale, "queue.drawing", prompt=prompt)
        units = units_of(record)
        wait = expected_wait(state, self.settings, ahead=ahead, units=units, now=now)
        ready = (
            texts.relative(wait.due)
            if wait.due and not wait.is_stopped
            else say(locale, "queue.unknown_wait")
        )
        return say(locale, "queue.mine", prompt=prompt, ahead=ahead.jobs, ready=ready)

    def cancel(self, interaction: Interaction) -> dict[str, Any]:
        """Cancel all jobs of the user that no worker has begun.

        Another delivery of the same command has the same answer.
        """
        _guild, usage = self.requests.guild_and_usage(interaction)
        job_ids = self.jobs.jobs_to_cancel(interaction.id, usage.in_flight)
        if job_ids:
            self.requests.admission.confirmations.schedule(interaction.id, job_ids)
        cancelled = sum(self._is_cancelled(job_id) for job_id in job_ids)
        if not cancelled:
            raise Refusal("nothing_to_cancel")
        return responses.ephemeral(
            notice(say(interaction.locale, "done.cancelled_many", count=cancelled))
        )

    def _is_cancelled(self, job_id: str) -> bool:
        """Whether a job is cancelled, now or by another delivery."""
        record = self.jobs.get(job_id)
        if record and record.status is JobStatus.QUEUED:
            reason = say(record.locale, "done.cancelled")
            self.jobs.withdraw(job_id, JobStatus.CANCELLED, reason=reason, notify_later=True)
            record = self.jobs.get(job_id)
        return record is not None and record.status is JobStatus.CANCELLED

    def quota(self, interaction: Interaction) -> dict[str, Any]:
        """What the user has used today, and the limits."""
        locale = interaction.locale
        guild, usage = self.requests.guild_and_usage(interaction)
        limits = guild.limits(self.requests.limits, interaction.roles)
        reset = texts.relative(next_day(datetime.now(UTC)))
        lines = [
            _quota_line(quota, used, limits.hundredths(quota), locale, reset)
            for quota, used in usage.used.items()
            if quota in _ALWAYS_SHOWN or limits.hundredths(quota)
        ]
        jobs = len(usage.in_flight)
        lines.append(say(locale, "quota.in_flight", jobs=jobs, limit=limits.in_flight))
        settings = self.requests.builder.settings
        unit = say(
            locale,
            "quota.unit",
            width=settings.default_width,
            height=settings.default_height,
            steps=settings.default_steps,
        )
        lines.append(f"-# {unit}")
        return responses.ephemeral(notice("\n".join(lines)))

    def help(self, interaction: Interaction) -> dict[str, Any]:
        """Every command with its description; a click on one whose id is known begins it."""
        locale, ids = interaction.locale, self.command_ids.by_command()
        lines = [say(locale, "help.title")]
        for command in COMMANDS:
            name, description = described(locale, command.key)
            lines.append(f"{_mention(command, name, ids.get(command.name))} — {description}")
        return responses.ephemeral(notice("\n".join([*lines, say(locale, "help.buttons")])))

    def parameters(self, interaction: Interaction) -> dict[str, Any]:
        """The parameters of the job that a message belongs to."""
        record = visible_record(interaction, self.jobs, _job_of(interaction))
        return responses.ephemeral(notice("\n".join(_facts(record, interaction.locale))))


def _mention(command: Command, name: str, command_id: str | None) -> str:
    """A command as a message shows it; of one with sub-commands Discord mentions one of them.

    https://docs.discord.com/developers/reference#message-formatting
    """
    if command.type is not CommandType.CHAT_INPUT:
        return f"*{name}*"
    if not command_id:
        return f"`/{name}`"
    path = " ".join([command.name, *(one.name for one in command.subcommands[:1])])
    return f"</{path}:{command_id}>"


def _quota_line(quota: Quota, used: int, limit: int, locale: str, reset: str) -> str:
    most = unit_count(limit, locale) if limit else say(locale, "quota.unlimited")
    return say(locale, f"quota.{quota}", used=unit_count(used, locale), limit=most, reset=reset)


def _fleet_line(state: FleetState, waiting: int, locale: str, now: datetime) -> str:
    snapshot = state.snapshot
    if stop := state.stopped(now):
        return say(locale, "queue.stopped", again=texts.relative(stop.until))
    if snapshot is None or state.is_asleep(now):
        return say(locale, "queue.asleep")
    running, starting = snapshot.running, snapshot.pending
    return say(locale, "queue.fleet", running=running, starting=starting, waiting=waiting)


def _facts(record: JobRecord, locale: str) -> list[str]:
    parameters = record.parameters
    # The first fact, "Queued: 2 pictures", is left out: the job is not queued any more.
    facts = texts.facts(parameters, locale).split(" · ")[1:]
    for option in PARAMETERS:
        if option.is_listed and (value := getattr(parameters, option.name)) is not None:
            facts.append(say(locale, f"parameters.{option.name}", **{option.name: value}))
    if source := parameters.source:
        strength = f"{source.strength:g}"
        facts.append(say(locale, "parameters.source", strength=strength, scale=source.scale))
        if source.keeps_part:
            facts.append(say(locale, "parameters.kept"))
    if record.units:
        facts.append(cost(record.units, locale))
    return [*quoted_request(parameters, locale), " · ".join(facts)]


def _job_of(interaction: Interaction) -> str:
    """The job of a message, if this application wrote it: anybody can give a file such a name."""
    message = interaction.message
    if not message or not message.is_of(interaction.application_id):
        raise Refusal("not_a_job")
    for file in message.attachments:
        if found := _FILENAME.match(file.filename):
            return found[1]
    for custom_id in message.custom_ids:
        try:
            return CustomId.decode(custom_id).job_id
        except InvalidCustomIdError:
            continue
    raise Refusal("not_a_job")
