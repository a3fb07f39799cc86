"""What a person chose for a deployment: by the command line and by the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from discord_diffusion.settings.reader import DISCORD_API, DISCORD_API_URL, Reader

DISCORD_BOT_TOKEN = "DISCORD_BOT_TOKEN"  # noqa: S105 - a name
"""The application's bot token; by default the one that the last deployment stored."""
TF_VAR_DISCORD_APPLICATION_SECRET = "TF_VAR_discord_application_secret"  # noqa: S105 - a name
"""The same under the name that the original uses. Terraform itself never sees it."""

SECRETS = (DISCORD_BOT_TOKEN, TF_VAR_DISCORD_APPLICATION_SECRET)
"""Variables that no program started by the deploy step inherits."""


@dataclass(frozen=True)
class Choices:
    """The command line's options; None leaves a choice to the variable file or to the default.

    `image` is a worker image that exists already: none is built then. `endpoint_url` is where
    Discord reaches the API, if not at API Gateway's own address: `{host}`, `{path}` and
    `{rest_api_id}` stand for the parts of that.
    """

    region: str | None = None
    environment: str | None = None
    variables_file: Path | None = None
    backend_file: Path | None = None
    state_folder: Path = Path(".deployments")
    guild_id: str | None = None
    image: str | None = None
    endpoint_url: str | None = None
    allow_replacement: bool = False


@dataclass(frozen=True)
class DeploymentSettings:
    """What the deploy step takes from the environment, beside the AWS SDK's own variables."""

    discord_api_url: str
    aws_region: str | None
    bot_token: str | None = field(repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "DeploymentSettings":
        """Read the environment.

        Raises:
            SettingsError: with every problem.
        """
        with Reader(environ) as read:
            token = read.text(DISCORD_BOT_TOKEN) or read.text(TF_VAR_DISCORD_APPLICATION_SECRET)
            return cls(
                discord_api_url=read.url(DISCORD_API_URL, DISCORD_API),
                aws_region=read.region(),
                bot_token=token,
            )
