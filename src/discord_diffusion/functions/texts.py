"""What the Lambdas write to users. Only `texts.answers` quotes what a user wrote."""

from datetime import datetime

from discord_diffusion.access.limits import Allowance
from discord_diffusion.discord import answer_layouts
from discord_diffusion.discord.layout import Components
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.record import JobRecord, WaitEstimate, WaitKind
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.answers import cost, picture_count, unit_count
from discord_diffusion.texts.catalogue import described, say

_UNITS = frozenset({"units", "left", "limit"})
"""Values of a refusal that are hundredths of units."""


def queued(record: JobRecord, wait: WaitEstimate, left: Allowance | None = None) -> Components:
    """The message of a queued job: its request as understood, the wait, and what it costs.

    `left` is what is left to the user once the job is charged.
    """
    parameters, locale = record.parameters, record.locale
    status = [_waiting(wait, record.expires_at, locale)]
    if record.units:
        status.append(f"-# {_cost(record.units, left, locale)}")
    return answer_layouts.queued(record.id, parameters, locale, facts(parameters, locale), status)


def _cost(units: int, left: Allowance | None, locale: str) -> str:
    if not left:
        return cost(units, locale)
    return say(
        locale,
        "cost.left",
        units=unit_count(units, locale),
        left=unit_count(left.left, locale),
        limit=unit_count(left.limit, locale),
    )


def facts(parameters: GenerationParameters, locale: str) -> str:
    """How many pictures of which size, seed, steps and guidance, separated by " · "."""
    return say(
        locale,
        "queued.facts",
        pictures=picture_count(parameters.images, locale),
        width=parameters.width,
        height=parameters.height,
        seed=parameters.seed,
        steps=parameters.steps,
        guidance=f"{parameters.guidance:g}",
    )


def refused(refusal: Refusal, locale: str) -> Components:
    """The message of a refusal, with the option names that the user's client shows."""
    values = {
        name: unit_count(int(value), locale) if name in _UNITS else value
        for name, value in refusal.values.items()
    }
    if "option" in values:
        values = values | {"option": described(locale, str(values["option"]))[0]}
    if "problem" in values:
        values = values | {"problem": say(locale, f"pattern.{values['problem']}")}
    return answer_layouts.refusal(say(locale, f"refused.{refusal.reason}", **values))


def too_late(wait: WaitEstimate) -> Refusal:
    """The refusal of a job that could not be finished before its token expires."""
    if wait.is_stopped and wait.due:
        return Refusal(wait.kind.replace("-", "_"), again=relative(wait.due))
    if wait.kind is WaitKind.NO_CAPACITY:
        return Refusal("no_capacity")
    return Refusal("too_many_waiting", number=wait.ahead + 1)


def reason_to_end(wait: WaitEstimate, locale: str) -> str:
    """Why a queued job was ended: it can't be finished before its token expires."""
    if wait.is_stopped and wait.due:
        key = f"failed.{wait.kind.replace('-', '_')}"
        return say(locale, key, again=relative(wait.due))
    no_capacity = wait.kind is WaitKind.NO_CAPACITY
    return say(locale, "failed.no_capacity" if no_capacity else "failed.not_begun")


def _waiting(wait: WaitEstimate, expires_at: datetime, locale: str) -> str:
    if wait.kind is WaitKind.NO_CAPACITY:
        return say(locale, "wait.no_capacity", by=at_time(expires_at))
    place = say(locale, "wait.ahead", ahead=wait.ahead) if wait.ahead else say(locale, "wait.next")
    if wait.due:
        place = say(locale, "wait.ready", place=place, due=relative(wait.due))
    else:
        place = say(locale, "wait.place", place=place)
    if wait.kind in (WaitKind.ASLEEP, WaitKind.STARTING):
        return say(locale, f"wait.{wait.kind}", place=place)
    return place


def relative(moment: datetime) -> str:
    """A moment that counts down by itself in each reader's language: "in 4 minutes".

    https://docs.discord.com/developers/reference#message-formatting-timestamp-styles
    """
    return f"<t:{round(moment.timestamp())}:R>"


def at_time(moment: datetime) -> str:
    """A moment as each reader's clock shows it."""
    return f"<t:{round(moment.timestamp())}:t>"
