"""The choices for a deployment: options of the command line, and environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from discord_diffusion.settings.reader import DISCORD_API, DISCORD_API_URL, Reader

DISCORD_BOT_TOKEN = "DISCORD_BOT_TOKEN"  # noqa: S105 - a name
"""The application's bot token; by default the one that the last deployment stored."""
TF_VAR_DISCORD_APPLICATION_SECRET = "TF_VAR_discord_application_secret"  # noqa: S105 - a name
"""The bot token under the name in the published original; it is never passed to Terraform."""

HF_TOKEN = "HF_TOKEN"  # noqa: S105 - a name
"""A Hugging Face token, for the build of an image with a model that is not for everybody."""
SECRETS = (DISCORD_BOT_TOKEN, TF_VAR_DISCORD_APPLICATION_SECRET, HF_TOKEN)
"""Variables that no program started by the deploy step inherits."""


@dataclass(frozen=True)
class Choices:
    """The command line's options; None leaves a choice to the variable file or to the default.

    `image` is a worker image that exists already; then none is built. `endpoint_url` is the address
    for Discord, if that is not API Gateway's own: `{host}`, `{path}` and `{rest_api_id}` in it are
    replaced by those of API Gateway's address. `smoke_test` is whether a
    worker is tested; None: after a change of it.
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
    smoke_test: bool | None = None


@dataclass(frozen=True)
class DeploymentSettings:
    """The environment variables of the deploy step, except for those of the AWS SDK."""

    discord_api_url: str
    aws_region: str | None
    bot_token: str | None = field(repr=False)
    hub_token: str | None = field(repr=False, default=None)

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
                hub_token=read.text(HF_TOKEN),
            )
