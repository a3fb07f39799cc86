"""Settings of the Lambda function `interactions`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from discord_diffusion.access.limits import COOLDOWN_SECONDS as COOLDOWN_ALLOWED
from discord_diffusion.access.limits import UNITS, Limits
from discord_diffusion.fleet.state import FleetSettings
from discord_diffusion.jobs import styles
from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.jobs.models import MAX_PIXELS as MAX_PIXELS_ALLOWED
from discord_diffusion.jobs.models import ModelSpec, parse
from discord_diffusion.jobs.options import GUIDANCE, IMAGES, SIZE, SIZE_MULTIPLE, STEPS
from discord_diffusion.jobs.parameters import Style
from discord_diffusion.jobs.units import Tariff
from discord_diffusion.logs import LogOptions
from discord_diffusion.settings.additions import read_loras
from discord_diffusion.settings.fleet import read_fleet
from discord_diffusion.settings.reader import (
    DEFAULT_GUIDANCE,
    DEFAULT_HEIGHT,
    DEFAULT_IMAGES,
    DEFAULT_STEPS,
    DEFAULT_WIDTH,
    JOBS_TABLE,
    MAX_PIXELS,
    MODELS,
    QUEUE_URL,
    Reader,
    Settings,
    within,
)
from discord_diffusion.settings.tariff import read_tariff

_MAX_PIXELS = 2048 * 2048
"""Largest picture that is accepted if the deployment sets no limit."""

DISCORD_PUBLIC_KEY = "DISCORD_PUBLIC_KEY"
"""Ed25519 public key of the application, 64 hexadecimal digits."""
REPLAY_WINDOW_SECONDS = "REPLAY_WINDOW_SECONDS"
"""How far the signed timestamp may be from now; 0 accepts any."""
STYLES = "STYLES"
"""The deployment's styles by name, as JSON: see `jobs.styles`."""
USER_UNITS_PER_DAY = "USER_UNITS_PER_DAY"
"""Units of a user in a day, in all guilds together; 0 is no limit."""
GUILD_UNITS_PER_DAY = "GUILD_UNITS_PER_DAY"
"""Units of a whole guild in a day, unless it decides otherwise; 0 is no limit."""
UNITS_PER_DAY = "UNITS_PER_DAY"
"""Units of all users in a day; 0 is no limit."""
COOLDOWN_SECONDS = "COOLDOWN_SECONDS"
"""Seconds between two requests of a user, unless a guild decides otherwise."""
JOBS_IN_FLIGHT = "JOBS_IN_FLIGHT"
"""Requests of a user that are not finished, unless a guild decides otherwise."""
AUDIT_DAYS = "AUDIT_DAYS"
"""Days for which the audit items are kept: who asked for what."""
WAKE_STATE_MACHINE_ARN = "WAKE_STATE_MACHINE_ARN"
"""State machine that wakes a sleeping fleet at once; without it the next scaling loop does."""

CONFIRM_STATE_MACHINE_ARN = "CONFIRM_STATE_MACHINE_ARN"
"""State machine that has jobs confirmed; without it only the scaling loop does."""


@dataclass(frozen=True)
class InteractionsSettings(Settings):
    """The settings of the Lambda function `interactions`."""

    queue_url: str
    jobs_table: str
    wake_state_machine_arn: str | None
    confirm_state_machine_arn: str | None
    fleet: FleetSettings
    aws_region: str | None
    public_key: bytes
    replay_window_seconds: int
    default_steps: int
    default_guidance: float
    default_width: int
    default_height: int
    default_images: int
    models: Mapping[str, ModelSpec]
    styles: Mapping[str, Style]
    loras: Mapping[str, LoraSpec]
    tariff: Tariff
    max_pixels: int
    limits: Limits
    audit_days: int
    log: LogOptions

    @classmethod
    def read(cls, read: Reader) -> Self:
        models: Mapping[str, ModelSpec] = read.optional(MODELS, parse, {})
        return cls(
            queue_url=read.url(QUEUE_URL),
            jobs_table=read.required(JOBS_TABLE, str, ""),
            wake_state_machine_arn=read.text(WAKE_STATE_MACHINE_ARN),
            confirm_state_machine_arn=read.text(CONFIRM_STATE_MACHINE_ARN),
            fleet=read_fleet(read),
            aws_region=read.region(),
            public_key=read.required(DISCORD_PUBLIC_KEY, _public_key, b""),
            replay_window_seconds=read.integer(REPLAY_WINDOW_SECONDS, 300, (0, 86_400)),
            default_steps=read.integer(DEFAULT_STEPS, 25, STEPS),
            default_guidance=read.number(DEFAULT_GUIDANCE, 7.5, GUIDANCE),
            default_width=read.optional(DEFAULT_WIDTH, _size, 512),
            default_height=read.optional(DEFAULT_HEIGHT, _size, 512),
            default_images=read.integer(DEFAULT_IMAGES, 4, IMAGES),
            styles=read.optional(STYLES, styles.parse, {}),
            models=models,
            loras=read_loras(read, models),
            tariff=read_tariff(read),
            max_pixels=read.integer(MAX_PIXELS, _MAX_PIXELS, MAX_PIXELS_ALLOWED) or _MAX_PIXELS,
            limits=Limits(
                user_units=read.integer(USER_UNITS_PER_DAY, 100, UNITS),
                guild_units=read.integer(GUILD_UNITS_PER_DAY, 1000, UNITS),
                deployment_units=read.integer(UNITS_PER_DAY, 3000, UNITS),
                cooldown_seconds=read.integer(COOLDOWN_SECONDS, 1, COOLDOWN_ALLOWED),
                in_flight=read.integer(JOBS_IN_FLIGHT, 5, (1, 100)),
            ),
            audit_days=read.integer(AUDIT_DAYS, 30, (1, 3650)),
            log=read.log_options(),
        )


def _public_key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if len(key) != 32:
        raise ValueError("64 hexadecimal digits are needed")
    return key


def _size(text: str) -> int:
    size = within(int(text), SIZE)
    if size % SIZE_MULTIPLE:
        raise ValueError(f"a multiple of {SIZE_MULTIPLE} is needed")
    return size
