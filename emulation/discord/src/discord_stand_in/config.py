"""The stand-in's configuration, and the application that it knows."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from discord_stand_in.json_types import Json

_DEFAULTS = Path(__file__).parent / "defaults"
APPLICATION = _DEFAULTS / "application.json"
DIRECTORY = _DEFAULTS / "directory.json"
RECORDINGS = Path("recorded-interactions")
PAGES = Path(__file__).parent / "page" / "static"

API = "/api/v10"
"""The path below which Discord's HTTP API is."""
MEBIBYTE = 1024 * 1024

READY = "Discord's stand-in serves at "
"""What the line on stdout begins with that says where it serves, once it listens."""


@dataclass(frozen=True)
class Application:
    """The application whose bot token and signing key the stand-in knows."""

    id: str
    name: str
    description: str
    owner_id: str
    bot_token: str = field(repr=False)
    signing_key: str = field(repr=False)
    """The Ed25519 seed, 32 bytes in hex."""

    @classmethod
    def load(cls, path: Path) -> "Application":
        """Read it from a JSON file; KeyError names what the file lacks."""
        raw: Json = json.loads(path.read_text("utf-8"))
        names = ("name", "description", "owner_id", "bot_token", "signing_key")
        return cls(id=raw["application_id"], **{name: raw[name] for name in names})


@dataclass(frozen=True)
class Limits:
    """Discord's documented limits that a test may want smaller.

    Contract: https://docs.discord.com/developers/reference#uploading-files and
    https://docs.discord.com/developers/interactions/receiving-and-responding
    """

    attachment_bytes: int = 10 * MEBIBYTE
    request_bytes: int = 25 * MEBIBYTE
    answer_seconds: float = 3.0
    """How long the application has for the first response to an interaction."""
    token_seconds: float = 15 * 60.0
    link_seconds: float = 24 * 3600.0
    daily_command_creates: int = 200
    invalid_requests: int = 10_000
    """Refused requests in ten minutes that get an address banned."""
    heartbeat_seconds: float = 41.25
    """How often a client of the Gateway has to send a heartbeat."""
    event_retry_seconds: float = 1.0
    """The wait before a webhook event is sent again; Discord documents no number."""
    daily_sessions: int = 1_000
    """How often an application may identify in 24 hours."""


@dataclass(frozen=True)
class Config:
    """Everything that the stand-in needs to start."""

    public_url: str
    """Where clients reach it, without a trailing slash; links to attachments begin with it."""
    application: Path = APPLICATION
    """A JSON file: the application with its bot token and signing key."""
    directory: Path = DIRECTORY
    """A JSON file: the users, the guild and its channels."""
    state_dir: Path | None = None
    """Where uploaded files are kept; None keeps them in memory."""
    recordings_dir: Path = RECORDINGS
    """Recorded interactions are saved in folders below this, and nowhere else."""
    checkout: str = field(default_factory=lambda: Path.cwd().name)
    """The name of the folder that it runs from: pages show it, so that stacks can be told apart."""
    pages_dir: Path = PAGES
    """The channel page and the operations page."""
    limits: Limits = field(default_factory=Limits)
    kept: int = 500
    """How many messages are kept, interactions, files that users chose, and users who were made.

    Above this number the oldest are forgotten, 15 minutes after they were made.
    """
    rate_limits: bool = True
    """Whether requests over a rate limit are refused."""
    probe_interval_seconds: float = 300.0
    """The mean time between probes with an invalid signature; 0 sends none."""
    seed: int = 0
    """Seeds the random choices of chaos and of the signature probes."""

    @property
    def gateway_url(self) -> str:
        """Where the Gateway's WebSockets are; Discord's has no path either."""
        return "ws" + self.public_url.removeprefix("http")
