"""The command `/history`: one's own last pictures, a few on a page, for oneself alone.

The pictures themselves are not shown: the addresses of a message's files expire, and only the
message gets new ones. So each entry has a link to its message.
https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from discord_diffusion.aws.errors import StoreError
from discord_diffusion.aws.job_history import JobHistory
from discord_diffusion.discord import responses
from discord_diffusion.discord.answer_layouts import notice
from discord_diffusion.discord.components import ButtonAction, CustomId, history_row, page_row
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.discord.layout import Accent, Component, Components, container, text
from discord_diffusion.functions import texts
from discord_diffusion.jobs.job import snowflake_time
from discord_diffusion.jobs.record import RECORD_LIFETIME, JobRecord
from discord_diffusion.texts.catalogue import say
from discord_diffusion.texts.formatting import quote

log = logging.getLogger(__name__)

PAGE = 5
"""Jobs on a page: each has a text and a row of up to four buttons, and a message 40 components."""
PROMPT_LENGTH = 200
"""The longest prompt that is shown, in UTF-16 units."""


@dataclass(frozen=True)
class HistoryCommand:
    """Answers the command and the buttons to its other pages; may raise `StoreError`."""

    history: JobHistory

    def answer(self, interaction: Interaction) -> dict[str, Any]:
        """The newest jobs, which only the user sees."""
        now = datetime.now(UTC)
        found = self.history.between(interaction.user_id, now - RECORD_LIFETIME, now, PAGE + 1)
        shown = found[:PAGE]
        older = shown[-1].id if len(found) > PAGE else None
        return responses.ephemeral(_page(shown, interaction.locale, None, older))

    def turn(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        """The page after or before a job; always of the user who clicked."""
        edge, now = snowflake_time(custom_id.job_id), datetime.now(UTC)
        oldest, user = now - RECORD_LIFETIME, interaction.user_id
        if custom_id.action == ButtonAction.OLDER:
            found = self.history.between(user, oldest, edge, PAGE + 1)
            shown = found[:PAGE]
            newer, more = bool(shown), len(found) > PAGE
        else:
            found = self.history.between(user, edge, now, PAGE + 1, newest=False)
            shown = found[-PAGE:]
            newer, more = len(found) > PAGE, bool(shown)
        page = _page(
            shown,
            interaction.locale,
            shown[0].id if newer else None,
            shown[-1].id if more else None,
        )
        return responses.update(page)

    def forget(self, job_id: str) -> None:
        """Leave a job out whose pictures were deleted; a failure is logged."""
        try:
            self.history.remove(job_id)
        except StoreError as error:
            extra = {"job": job_id, "reason": str(error)}
            log.warning("The job stays in its user's history", extra=extra)


def _page(
    records: list[JobRecord], locale: str, newer: str | None, older: str | None
) -> Components:
    if not records:
        return notice(say(locale, "history.none", days=RECORD_LIFETIME.days))
    parts: list[Component] = [text(say(locale, "history.title", days=RECORD_LIFETIME.days))]
    for record in records:
        parts.append(text("\n".join(_entry(record, locale))))
        parts.append(history_row(record.id, locale, record.message_link))
    if newer or older:
        parts.append(page_row(newer, older, locale))
    return container(parts, Accent.DONE)


def _entry(record: JobRecord, locale: str) -> list[str]:
    # The first fact, "Queued", is left out; the next is how many pictures there are.
    facts = texts.facts(record.parameters, locale).split(" · ")[1:]
    lines = [f"> {quote(record.parameters.prompt, PROMPT_LENGTH)}"]
    lines.append(f"{texts.relative(record.created_at)} · {' · '.join(facts)}")
    if record.private:
        lines.append(f"-# {say(locale, 'history.private')}")
    return lines
