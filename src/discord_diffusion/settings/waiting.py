"""Settings of the Lambda `waiting`."""

from collections.abc import Mapping
from dataclasses import dataclass

from discord_diffusion.fleet.state import FleetSettings
from discord_diffusion.settings.fleet import read_fleet
from discord_diffusion.settings.reader import DISCORD_API, DISCORD_API_URL, JOBS_TABLE, Reader


@dataclass(frozen=True)
class WaitingSettings:
    """What the Lambda `waiting` needs."""

    jobs_table: str
    discord_api_url: str
    fleet: FleetSettings
    aws_region: str | None
    log_level: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "WaitingSettings":
        """Read the environment.

        Raises:
            SettingsError: with every problem.
        """
        read = Reader(environ)
        settings = cls(
            jobs_table=read.required(JOBS_TABLE, str, ""),
            discord_api_url=read.url(DISCORD_API_URL, DISCORD_API),
            fleet=read_fleet(read),
            aws_region=read.region(),
            log_level=read.log_level(),
        )
        read.finish()
        return settings
