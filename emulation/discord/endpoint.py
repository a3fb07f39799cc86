"""The application object, and the check of its interactions endpoint.

Contract: https://docs.discord.com/developers/resources/application#edit-current-application and
https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint
"""

import httpx

from emulation.discord.backend import StandIn
from emulation.discord.errors import InvalidFormError, NotDeliveredError
from emulation.discord.json_types import Json
from emulation.discord.signing import OTHER_KEY, encode

_UNVERIFIED = "The specified interactions endpoint url could not be verified."


def application_json(standin: StandIn) -> Json:
    """The application object."""
    application = standin.application
    return {
        "id": application.id,
        "name": application.name,
        "icon": None,
        "description": application.description,
        "summary": "",
        "type": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": standin.signer.verify_key,
        "flags": 0,
        "hook": True,
        "team": None,
        "tags": [],
        "bot": standin.bot_user(),
        "owner": standin.world.user(application.owner_id).as_json(),
        "approximate_guild_count": 1,
        "approximate_user_install_count": len(standin.world.users),
        "redirect_uris": [],
        "interactions_endpoint_url": standin.endpoint.url,
        "role_connections_verification_url": None,
        "event_webhooks_url": None,
        "event_webhooks_status": 1,
        "integration_types_config": {"0": {}, "1": {}},
    }


def ping(standin: StandIn) -> Json:
    """A PING as Discord sends it."""
    return {
        "id": standin.snowflakes.next(),
        "application_id": standin.application.id,
        "type": 1,
        "token": "ping",
        "version": 1,
        "user": standin.world.default_user.as_json(),
        "entitlements": [],
        "authorizing_integration_owners": {},
    }


async def post(standin: StandIn, url: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """Send a body to the application; NotDeliveredError if nothing comes back within 3 s."""
    seconds = standin.limits.answer_seconds
    try:
        return await standin.http.post(url, content=body, headers=headers, timeout=seconds)
    except httpx.TimeoutException as error:
        raise NotDeliveredError(f"no answer within {seconds:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise NotDeliveredError(f"{type(error).__name__}: {error}") from error


async def set_endpoint(standin: StandIn, url: str | None) -> None:
    """Check a URL as Discord does and use it; InvalidFormError (50035) if it fails the check."""
    if url:
        try:
            await _check(standin, url)
        except NotDeliveredError as error:
            reason = {"code": "APPLICATION_INTERACTIONS_ENDPOINT_VERIFICATION_FAILED"}
            reason["message"] = f"{_UNVERIFIED} ({error})"
            tree = {"interactions_endpoint_url": {"_errors": [reason]}}
            raise InvalidFormError(tree) from error
    standin.endpoint.url = url or None
    standin.endpoint.removed_because = None
    standin.events.publish("endpoint", endpoint_json(standin))


def endpoint_json(standin: StandIn) -> Json:
    """The endpoint for pages."""
    return {"url": standin.endpoint.url, "removed_because": standin.endpoint.removed_because}


async def _check(standin: StandIn, url: str) -> None:
    """PING must give 200 and type 1 as JSON, a wrong signature 401."""
    body = encode(ping(standin))
    answer = await post(standin, url, body, standin.signer.headers(body, int(standin.clock.now())))
    if answer.status_code != httpx.codes.OK:
        raise NotDeliveredError(f"PING was answered with status {answer.status_code}, not 200")
    if not answer.headers.get("content-type"):
        raise NotDeliveredError("the answer to PING has no Content-Type")
    try:
        content = answer.json()
    except ValueError as error:
        raise NotDeliveredError("the answer to PING is not JSON") from error
    if not isinstance(content, dict) or content.get("type") != 1:
        raise NotDeliveredError("the answer to PING is not of type 1")
    wrong = standin.signer.wrong_headers(body, int(standin.clock.now()), OTHER_KEY)
    status = (await post(standin, url, body, wrong)).status_code
    if status != httpx.codes.UNAUTHORIZED:
        raise NotDeliveredError(f"a wrong signature was answered with status {status}, not 401")
