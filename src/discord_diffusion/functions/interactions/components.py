"""Component interactions: clicks on the buttons under an answer, and the modal they open.

A click names the job, whose parameters are in the table, and carries the message with its pictures.
So a button works after any restart, for as long as the record is kept.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from discord_diffusion.aws.errors import UnknownJobError
from discord_diffusion.aws.job_store import JobStore
from discord_diffusion.discord import responses
from discord_diffusion.discord.answer_layouts import cancelled, notice
from discord_diffusion.discord.command_model import MANAGE_MESSAGES, check_options
from discord_diffusion.discord.commands import IMAGINE
from discord_diffusion.discord.components import UPSCALE_FACTOR, ButtonAction, CustomId
from discord_diffusion.discord.edit_form import (
    delete_form,
    edit_form,
    pan_form,
    start_form,
    submitted_options,
)
from discord_diffusion.discord.errors import InvalidCustomIdError
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.functions.interactions.history import HistoryCommand
from discord_diffusion.functions.interactions.parameters import (
    checked_prompt,
    given_parameters,
    seed_of,
    source_image,
)
from discord_diffusion.functions.interactions.picture_requests import (
    PictureRequest,
    PictureRequests,
)
from discord_diffusion.functions.interactions.visibility import visible_record
from discord_diffusion.jobs.options import EDITED
from discord_diffusion.jobs.outpainting import Direction, panned, zoomed_out
from discord_diffusion.jobs.parameters import GenerationParameters, SourceImage
from discord_diffusion.jobs.record import JobRecord, JobStatus
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.answers import SPOILER, file_prefix
from discord_diffusion.texts.catalogue import say
from discord_diffusion.texts.formatting import clean

VARIATION_STRENGTH = 0.6
UPSCALE_STRENGTH = 0.3
OUTPAINTING_STRENGTH = 1.0
"""Share of the denoising that is done anew on the picture, for each of these actions."""
_FILES = ("image", "mask")

ClickHandler = Callable[[Interaction, CustomId], dict[str, Any]]


class ComponentHandlers:
    """Answers buttons and modals. Every method may raise `Refusal`, or `StoreError`."""

    def __init__(self, requests: PictureRequests, jobs: JobStore, history: HistoryCommand) -> None:
        self._requests = requests
        self._jobs = jobs
        self._history = history
        self._by_action: dict[str, ClickHandler] = {
            ButtonAction.CANCEL: self._cancel,
            ButtonAction.REROLL: self._reroll,
            ButtonAction.EDIT: self._edit,
            ButtonAction.SEED: self._same_seed,
            ButtonAction.START: self._start,
            ButtonAction.VARY: self._vary,
            ButtonAction.UPSCALE: self._upscale,
            ButtonAction.ZOOM_OUT: self._zoom_out,
            ButtonAction.PAN: self._pan,
            ButtonAction.DELETE: self._ask_to_delete,
            ButtonAction.NEWER: history.turn,
            ButtonAction.OLDER: history.turn,
        }

    def component(self, interaction: Interaction) -> dict[str, Any]:
        """The answer to a click."""
        custom_id = _decoded(interaction, "unknown_component")
        handler = self._by_action.get(custom_id.action)
        if not handler:
            raise Refusal("unknown_component")
        return handler(interaction, custom_id)

    def modal(self, interaction: Interaction) -> dict[str, Any]:
        """The answer to a submitted modal: the job again, with the values that were submitted."""
        custom_id = _decoded(interaction, "unknown_modal")
        if custom_id.action == ButtonAction.DELETE:
            return self._delete(interaction, custom_id)
        if custom_id.action == ButtonAction.START:
            return self._drawn_from_picture(interaction, custom_id)
        if custom_id.action == ButtonAction.PAN:
            return self._panned(interaction, custom_id)
        if custom_id.action != ButtonAction.EDIT:
            raise Refusal("unknown_modal")
        record = self._record(interaction, custom_id)
        names = {option.name for option in EDITED}
        shown = [option for option in IMAGINE.options if option.name in names]
        given = check_options(IMAGINE.key, shown, submitted_options(interaction.fields))
        changed = {"seed": seed_of(interaction.id)} | given_parameters(given)
        changed["prompt"] = checked_prompt(given["prompt"])
        changed["negative_prompt"] = clean(given["negative_prompt"] or "")
        parameters = replace(record.parameters, **changed)
        return self._draw(interaction, record, parameters, ButtonAction.EDIT)

    def _drawn_from_picture(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        """The job again, from the picture that was uploaded."""
        record = self._record(interaction, custom_id)
        shown = [option for option in IMAGINE.options if option.name in ("prompt", "strength")]
        given = check_options(IMAGINE.key, shown, submitted_options(interaction.fields))
        chosen = {name: next(iter(interaction.chosen.get(name, ())), None) for name in _FILES}
        files = chosen | {"image": chosen["image"] or ""}
        parameters = replace(
            _as_shown(record.parameters),
            prompt=checked_prompt(given["prompt"]),
            seed=seed_of(interaction.id),
            source=source_image(given | files, interaction.attachments),
        )
        return self._draw(interaction, record, parameters, ButtonAction.START)

    def _reroll(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        record = self._record(interaction, custom_id)
        parameters = replace(record.parameters, seed=seed_of(interaction.id))
        return self._draw(interaction, record, parameters, ButtonAction.REROLL)

    def _edit(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        old = self._record(interaction, custom_id).parameters
        return edit_form(custom_id.job_id, interaction.locale, old, seed=None)

    def _same_seed(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        old = self._record(interaction, custom_id).parameters
        seed = old.seed_of(custom_id.index)
        return edit_form(custom_id.job_id, interaction.locale, old, seed=seed)

    def _start(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        old = self._record(interaction, custom_id).parameters
        return start_form(custom_id.job_id, interaction.locale, old)

    def _vary(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        record = self._record(interaction, custom_id)
        shown = _as_shown(record.parameters)
        source = SourceImage(_picture(interaction, custom_id), VARIATION_STRENGTH)
        parameters = replace(shown, seed=seed_of(interaction.id), source=source)
        return self._draw(interaction, record, parameters, ButtonAction.VARY)

    def _upscale(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        record = self._record(interaction, custom_id)
        shown = _as_shown(record.parameters)
        url = _picture(interaction, custom_id)
        parameters = replace(
            shown,
            seed=record.parameters.seed_of(custom_id.index),
            images=1,
            source=SourceImage(url, UPSCALE_STRENGTH, UPSCALE_FACTOR),
        )
        return self._draw(interaction, record, parameters, ButtonAction.UPSCALE)

    def _zoom_out(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        record = self._record(interaction, custom_id)
        shown = _as_shown(record.parameters)
        box = zoomed_out(shown.width, shown.height)
        source = SourceImage(_picture(interaction, custom_id), OUTPAINTING_STRENGTH, box=box)
        parameters = replace(shown, seed=seed_of(interaction.id), source=source)
        return self._draw(interaction, record, parameters, ButtonAction.ZOOM_OUT)

    def _pan(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        old = self._record(interaction, custom_id).parameters
        return pan_form(custom_id.job_id, custom_id.index, interaction.locale, old)

    def _panned(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        """The picture, continued on the side that was chosen."""
        record = self._record(interaction, custom_id)
        shown = [option for option in IMAGINE.options if option.name == "prompt"]
        given = check_options(IMAGINE.key, shown, submitted_options(interaction.fields))
        try:
            direction = Direction(interaction.fields.get("direction", ""))
        except ValueError:
            raise Refusal("unknown_modal") from None
        now = _as_shown(record.parameters)
        width, height, box = panned(now.width, now.height, direction)
        parameters = replace(
            now,
            prompt=checked_prompt(given["prompt"]),
            seed=seed_of(interaction.id),
            width=width,
            height=height,
            source=SourceImage(_picture(interaction, custom_id), OUTPAINTING_STRENGTH, box=box),
        )
        return self._draw(interaction, record, parameters, ButtonAction.PAN)

    def _draw(
        self,
        interaction: Interaction,
        record: JobRecord,
        parameters: GenerationParameters,
        action: str,
    ) -> dict[str, Any]:
        _check_source_address(parameters.source)
        # A modal may be submitted again at once with other values, which is another request.
        fields = [*sorted(interaction.fields.items()), *sorted(interaction.chosen.items())]
        values = hashlib.sha256(repr(fields).encode()).hexdigest()[:16]
        request = PictureRequest(
            parameters,
            action=action,
            private=record.private,
            spoiler=record.spoiler,
            click=f"{record.id}#{interaction.custom_id}#{interaction.user_id}#{values}",
        )
        return self._requests.draw(interaction, request)

    def _cancel(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        record = self._record(interaction, custom_id)
        _check_author(interaction, record.user_id)
        reason = say(record.locale, "done.cancelled")
        # If the message still shows a queued job afterwards, `waiting` corrects it: the answer to
        # the write may be lost, or that to the click.
        self._requests.admission.confirmations.schedule(interaction.id, [record.id])
        try:
            withdrawn = self._jobs.withdraw(
                record.id, JobStatus.CANCELLED, reason=reason, notify_later=True
            )
        except UnknownJobError:
            raise Refusal("job_gone") from None
        if not withdrawn:
            # Another delivery of the click, or another click, may have cancelled it meanwhile.
            now = self._jobs.get(record.id)
            if not now or now.status is not JobStatus.CANCELLED:
                raise Refusal("too_late_to_cancel")
        return responses.update(cancelled(record.parameters, record.locale, reason))

    def _ask_to_delete(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        """The question whether the pictures are to be removed, before anything is."""
        _check_author(interaction, self._author(interaction, custom_id))
        return delete_form(custom_id.job_id, interaction.locale)

    def _delete(self, interaction: Interaction, custom_id: CustomId) -> dict[str, Any]:
        """Remove the pictures from the message."""
        author = self._author(interaction, custom_id)
        _check_author(interaction, author)
        if interaction.user_id == author:
            self._history.forget(custom_id.job_id)
        user = f"<@{interaction.user_id}>"
        return responses.update(notice(say(interaction.public_locale, "done.deleted", user=user)))

    def _author(self, interaction: Interaction, custom_id: CustomId) -> str:
        """Who asked for the pictures of a message, which is known even when the job is not."""
        asked_by = interaction.message.asked_by if interaction.message else ""
        return asked_by or self._record(interaction, custom_id).user_id

    def _record(self, interaction: Interaction, custom_id: CustomId) -> JobRecord:
        return visible_record(interaction, self._jobs, custom_id.job_id)


def _decoded(interaction: Interaction, reason: str) -> CustomId:
    try:
        return CustomId.decode(interaction.custom_id)
    except InvalidCustomIdError:
        raise Refusal(reason) from None


def _check_author(interaction: Interaction, author: str) -> None:
    if interaction.user_id != author and not interaction.may(MANAGE_MESSAGES):
        raise Refusal("not_yours")


def _as_shown(parameters: GenerationParameters) -> GenerationParameters:
    """The parameters with the size that the pictures have now."""
    width, height = parameters.finished_size
    return replace(parameters, width=width, height=height)


def _picture(interaction: Interaction, custom_id: CustomId) -> str:
    """The address of one picture of the message."""
    stem = f"{file_prefix(custom_id.job_id)}{custom_id.index}."
    for file in interaction.message.attachments if interaction.message else ():
        if file.filename.removeprefix(SPOILER).startswith(stem):
            return file.url
    raise Refusal("picture_gone")


def _check_source_address(source: SourceImage | None) -> None:
    """Refuse an address that has expired; its parameter `ex` says when it does, in hexadecimal.

    https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
    """
    for url in filter(None, (source.url, source.mask) if source else ()):
        expires_at = parse_qs(urlsplit(url).query).get("ex", [""])[0]
        with suppress(ValueError):
            if int(expires_at, 16) <= time.time():
                raise Refusal("source_gone")
