"""Whether the bot token is one, and of the application that is meant."""

from infra.deploy.checks.finding import Finding, bad, good, warning
from infra.deploy.choices import UNKNOWN_APPLICATION, Deployment
from infra.deploy.registration import (
    Application,
    Registrar,
    RegistrationError,
)

_NAME = "Discord application"
_PORTAL = "https://discord.com/developers/applications"


def application(
    api_url: str, token: str | None, deployment: Deployment
) -> tuple[Finding, Application | None]:
    """The finding, and the application that the token belongs to."""
    if token is None:
        return bad(
            _NAME,
            "no bot token: DISCORD_BOT_TOKEN is not set, and no earlier deployment kept one",
            f"Copy it from {_PORTAL}, page Bot, and set DISCORD_BOT_TOKEN.",
        ), None
    try:
        found = Registrar(api_url, token).application()
    except RegistrationError as error:
        return bad(_NAME, str(error), f"Make a new token at {_PORTAL}, page Bot, and set it."), None
    named = deployment.discord_application_id
    if named not in (UNKNOWN_APPLICATION, found.id):
        return bad(
            _NAME,
            f"the token is of application {found.id}, discord_application_id is {named}",
            "Use the token of that application, or leave the id out: it is found by the token.",
        ), None
    if found.interactions_endpoint_url:
        return warning(
            _NAME,
            f"{found.id}, which has the endpoint {found.interactions_endpoint_url}",
            "Nothing if that is this deployment; else its interactions will come here.",
        ), found
    return good(_NAME, f"{found.id}, public key {found.verify_key[:8]}..."), found
