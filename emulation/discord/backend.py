"""The stand-in's parts, put together once and handed to every route."""

from dataclasses import dataclass

import httpx

from emulation.discord.chaos import Chaos
from emulation.discord.clock import Clock
from emulation.discord.config import Application, Config
from emulation.discord.json_types import Json
from emulation.discord.rate_limits import RateLimiter
from emulation.discord.signing import Signer
from emulation.discord.snowflakes import Snowflakes
from emulation.discord.state.attachments import AttachmentStore
from emulation.discord.state.commands import CommandStore
from emulation.discord.state.directory import World
from emulation.discord.state.events import EventLog
from emulation.discord.state.interactions import Interaction, InteractionStore, TimelineEvent
from emulation.discord.state.messages import Message, MessageStore
from emulation.discord.state.notes import NoteStore
from emulation.discord.state.reports import SeriesStore


@dataclass
class Endpoint:
    """Where the application wants its interactions, and how that has gone."""

    url: str | None = None
    removed_because: str | None = None
    """Why the stand-in took the URL away, as Discord does of an endpoint that is not safe."""


class StandIn:
    """Everything the stand-in knows."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport` replaces the network on the way to the application (for tests)."""
        self.config = config
        self.limits = config.limits
        self.clock = clock or Clock()
        self.application = Application.load(config.application_file)
        self.world = World.load(config.world_file)
        self.signer = Signer(self.application.signing_key)
        self.snowflakes = Snowflakes(self.clock)
        folder = None if config.state_dir is None else config.state_dir / "attachments"
        self.attachments = AttachmentStore(
            folder, config.public_url, self.clock, self.limits.link_seconds
        )
        self.messages = MessageStore(self.attachments)
        self.interactions = InteractionStore(self.clock)
        self.commands = CommandStore(self.clock, self.limits.daily_command_creates)
        self.events = EventLog(self.clock)
        self.rates = RateLimiter(self.clock, self.limits.invalid_requests, config.rate_limits)
        self.series = SeriesStore()
        self.notes = NoteStore()
        self.chaos = Chaos(self.clock, config.seed)
        self.endpoint = Endpoint()
        # trust_env: a proxy of the person's must not see loopback traffic.
        self.http = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
        )

    async def close(self) -> None:
        """End streams and connections."""
        self.events.close()
        await self.http.aclose()

    def reset(self) -> None:
        """Forget messages, interactions, commands and strangers; the endpoint stays."""
        self.world = World.load(self.config.world_file)
        self.messages.clear()
        self.interactions.clear()
        self.commands.clear()
        self.attachments.clear()
        self.rates.clear()
        self.chaos.clear()
        self.series.clear()
        self.notes.clear()
        self.events.publish("reset", {})

    def note(
        self,
        interaction: Interaction,
        name: str,
        detail: Json | None = None,
        at: float | None = None,
    ) -> None:
        """Put an event on an interaction's timeline and tell the pages."""
        event = TimelineEvent(name, self.clock.now() if at is None else at, detail)
        interaction.events.append(event)
        elapsed = round((event.at - interaction.created_at) * 1000, 3)
        data: Json = {"interaction_id": interaction.id, "name": name, "elapsed_ms": elapsed}
        if detail is not None:
            data["detail"] = detail
        self.events.publish("timeline", data)

    def message_changed(self, what: str, message: Message) -> None:
        """Tell the pages that a message was `created`, `updated` or `deleted`."""
        self.events.publish(f"message_{what}", {"message": self.messages.for_control(message)})

    def bot_user(self) -> Json:
        """The application's bot as a user object."""
        return {
            "id": self.application.id,
            "username": self.application.name,
            "global_name": None,
            "discriminator": "0000",
            "avatar": None,
            "bot": True,
            "public_flags": 0,
        }
