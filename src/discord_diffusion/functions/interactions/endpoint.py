"""The HTTP endpoint that Discord calls: reads the event, verifies its signature, answers."""

import base64
import binascii
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nacl.signing import VerifyKey

from discord_diffusion import logs
from discord_diffusion.discord import responses
from discord_diffusion.discord.errors import InvalidInteractionError, InvalidSignatureError
from discord_diffusion.discord.interactions import Interaction
from discord_diffusion.discord.signature import verify
from discord_diffusion.functions import texts
from discord_diffusion.functions.interactions.router import Router
from discord_diffusion.functions.interactions.trace_context import traceparent
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.settings.interactions import InteractionsSettings

log = logging.getLogger(__name__)


class Endpoint:
    """Answers the requests of one deployment.

    An event comes from API Gateway, in format 1.0 or 2.0, or from a function URL. What is missing
    or malformed in it counts as empty, so that the signature does not match.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """

    def __init__(self, settings: InteractionsSettings, router: Router) -> None:
        self._key = VerifyKey(settings.public_key)
        self._window_seconds = settings.replay_window_seconds
        self._router = router

    def answer(self, event: object) -> dict[str, Any]:
        """The HTTP response to a Lambda event; it never raises."""
        fields = event if isinstance(event, Mapping) else {}
        headers, body, window = _headers(fields), _body(fields), self._window_seconds
        try:
            verify(self._key, headers, body, now=time.time(), window_seconds=window)
        except InvalidSignatureError as error:
            log.warning("The signature is invalid", extra={"reason": str(error)})
            return _response(401, {"error": "invalid request signature"})
        try:
            interaction = _interaction(headers, body)
        except InvalidInteractionError as error:
            log.warning("The interaction is invalid", extra={"reason": str(error)})
            return _response(400, {"error": str(error)})
        except Exception as error:  # noqa: BLE001 - Discord waits for an answer
            log.error("The interaction could not be read", extra=logs.error_fields(error))
            return _response(400, {"error": "the interaction could not be read"})
        try:
            return _response(200, self._router.answer(interaction))
        except Exception as error:  # noqa: BLE001 - the user waits for an answer
            # The text of an unknown error may quote the token: only its kind and place are logged.
            extra = {"interaction": interaction.id, **logs.error_fields(error)}
            log.error("Unexpected error", extra=extra)
            unexpected = texts.refused(Refusal("unexpected"), interaction.locale)
            return _response(200, responses.ephemeral(unexpected))


def _interaction(headers: Mapping[str, str], body: bytes) -> Interaction:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInteractionError("the body is not JSON") from None
    interaction = Interaction.from_payload(payload)
    return replace(interaction, traceparent=traceparent(headers))


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a request, with names in lower case."""
    lists, single = event.get("multiValueHeaders"), event.get("headers")
    found: dict[str, str] = {}
    for name, values in (lists or {}).items() if isinstance(lists, Mapping) else ():
        if isinstance(values, list) and values:
            found[str(name).lower()] = str(values[-1])
    for name, value in (single or {}).items() if isinstance(single, Mapping) else ():
        found[str(name).lower()] = str(value)
    return found


def _body(event: Mapping[str, Any]) -> bytes:
    """The body of a request, byte for byte as Discord sent it."""
    body = event.get("body")
    if not isinstance(body, str):
        return b""
    if event.get("isBase64Encoded"):
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return b""
    return body.encode("utf-8", "surrogatepass")


def _response(status: int, content: Mapping[str, Any]) -> dict[str, Any]:
    """The HTTP response, in the form that suits every event format."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(content),  # in ASCII: half a surrogate pair could not be sent
        "isBase64Encoded": False,
    }
