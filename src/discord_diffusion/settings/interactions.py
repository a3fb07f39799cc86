"""Settings of the Lambda `interactions`."""

from collections.abc import Mapping
from dataclasses import dataclass

from discord_diffusion.fleet import FleetSize
from discord_diffusion.jobs import GUIDANCE, IMAGES, SIZE, SIZE_MULTIPLE, STEPS
from discord_diffusion.settings.fleet import fleet_size
from discord_diffusion.settings.reader import JOBS_TABLE, QUEUE_URL, Reader, within

DISCORD_PUBLIC_KEY = "DISCORD_PUBLIC_KEY"
"""Ed25519 public key of the application, 64 hexadecimal digits."""
REPLAY_WINDOW_SECONDS = "REPLAY_WINDOW_SECONDS"
"""How far the signed timestamp may be from now; 0 accepts any."""
DEFAULT_STEPS = "DEFAULT_STEPS"
"""Denoising steps of a command that names none."""
DEFAULT_GUIDANCE = "DEFAULT_GUIDANCE"
"""Guidance scale of a command that names none."""
DEFAULT_WIDTH = "DEFAULT_WIDTH"
"""Width of a picture in pixels."""
DEFAULT_HEIGHT = "DEFAULT_HEIGHT"
"""Height of a picture in pixels."""
DEFAULT_IMAGES = "DEFAULT_IMAGES"
"""Pictures of a command that names no number."""
WAKE_STATE_MACHINE_ARN = "WAKE_STATE_MACHINE_ARN"
"""The state machine that wakes a sleeping fleet; without one the scaling loop does, in its time."""


@dataclass(frozen=True)
class InteractionsSettings:
    """What the Lambda `interactions` needs."""

    queue_url: str
    jobs_table: str
    wake_state_machine_arn: str | None
    fleet_size: FleetSize
    aws_region: str | None
    public_key: bytes
    replay_window_seconds: int
    default_steps: int
    default_guidance: float
    default_width: int
    default_height: int
    default_images: int
    log_level: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "InteractionsSettings":
        """Read the environment.

        Raises:
            SettingsError: with every problem.
        """
        read = Reader(environ)
        settings = cls(
            queue_url=read.url(QUEUE_URL),
            jobs_table=read.required(JOBS_TABLE, str, ""),
            wake_state_machine_arn=read.text(WAKE_STATE_MACHINE_ARN),
            fleet_size=fleet_size(read),
            aws_region=read.region(),
            public_key=read.required(DISCORD_PUBLIC_KEY, _public_key, b""),
            replay_window_seconds=read.integer(REPLAY_WINDOW_SECONDS, 300, (0, 86_400)),
            default_steps=read.integer(DEFAULT_STEPS, 25, STEPS),
            default_guidance=read.number(DEFAULT_GUIDANCE, 7.5, GUIDANCE),
            default_width=read.optional(DEFAULT_WIDTH, _size, 512),
            default_height=read.optional(DEFAULT_HEIGHT, _size, 512),
            default_images=read.integer(DEFAULT_IMAGES, 4, IMAGES),
            log_level=read.log_level(),
        )
        read.finish()
        return settings


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
