"""Answers the HTTP requests that Discord sends: signature first, then everything else."""

import json
import logging
import time
from typing import Any

from nacl.signing import VerifyKey

from discord_diffusion.discord import interactions as responses
from discord_diffusion.discord.interactions import Interaction, InvalidInteractionError
from discord_diffusion.discord.signature import InvalidSignatureError, verify
from discord_diffusion.functions import texts
from discord_diffusion.functions.interactions.http_event import HttpRequest, http_response
from discord_diffusion.functions.interactions.router import Answers
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.settings import InteractionsSettings

log = logging.getLogger(__name__)


class Endpoint:
    """Answers requests of one deployment."""

    def __init__(self, settings: InteractionsSettings, answers: Answers) -> None:
        self._key = VerifyKey(settings.public_key)
        self._window_seconds = settings.replay_window_seconds
        self._answers = answers

    def answer(self, event: object) -> dict[str, Any]:
        """The HTTP response to a Lambda event; it never raises."""
        request = HttpRequest.from_event(event)
        window = self._window_seconds
        try:
            verify(self._key, request.headers, request.body, now=time.time(), window_seconds=window)
        except InvalidSignatureError as error:
            log.warning("Refused", extra={"reason": str(error)})
            return http_response(401, {"error": "invalid request signature"})
        try:
            interaction = _interaction(request.body)
        except InvalidInteractionError as error:
            log.warning("Not an interaction", extra={"reason": str(error)})
            return http_response(400, {"error": str(error)})
        try:
            return http_response(200, self._answers.to(interaction))
        except Exception as error:  # noqa: BLE001 - whatever it is, a person waits for an answer
            # The text of an unknown error may quote the token: its kind and place must do.
            log.error("Failed", extra={"error": type(error).__name__, "at": _place(error)})
            return http_response(200, _unexpected(interaction))


def _unexpected(interaction: Interaction) -> dict[str, Any]:
    return responses.ephemeral(texts.refused(Refusal("unexpected"), interaction.locale))


def _interaction(body: bytes) -> Interaction:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInteractionError("the body is not JSON") from None
    return Interaction.from_payload(payload)


def _place(error: BaseException) -> str:
    """The innermost file and line of an error."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
