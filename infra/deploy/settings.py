"""Settings of the deploy step, which runs on a person's machine or in CI."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from discord_diffusion.settings.reader import DISCORD_API, DISCORD_API_URL, Reader

DISCORD_BOT_TOKEN = "DISCORD_BOT_TOKEN"  # noqa: S105 - a name
"""The application's bot token; where it is not set, the one that the last deployment kept."""
TF_VAR_DISCORD_APPLICATION_SECRET = "TF_VAR_discord_application_secret"  # noqa: S105 - a name
"""The same under the name that the original uses. Terraform itself never sees it."""

SECRETS = (DISCORD_BOT_TOKEN, TF_VAR_DISCORD_APPLICATION_SECRET)
"""Variables that no program started by the deploy step inherits."""


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
