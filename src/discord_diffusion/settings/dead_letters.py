"""Settings of the Lambda `dead_letters`."""

from collections.abc import Mapping
from dataclasses import dataclass

from discord_diffusion.settings.reader import (
    DISCORD_API,
    DISCORD_API_URL,
    JOBS_TABLE,
    METRIC_NAMESPACE,
    Reader,
)


@dataclass(frozen=True)
class DeadLettersSettings:
    """What the Lambda `dead_letters` needs."""

    jobs_table: str
    discord_api_url: str
    metric_namespace: str
    aws_region: str | None
    log_level: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "DeadLettersSettings":
        """Read the environment.

        Raises:
            SettingsError: with every problem.
        """
        read = Reader(environ)
        settings = cls(
            jobs_table=read.required(JOBS_TABLE, str, ""),
            discord_api_url=read.url(DISCORD_API_URL, DISCORD_API),
            metric_namespace=read.required(METRIC_NAMESPACE, str, ""),
            aws_region=read.region(),
            log_level=read.log_level(),
        )
        read.finish()
        return settings
