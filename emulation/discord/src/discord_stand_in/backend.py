"""The backend of the stand-in: its stores and services, built once and handed to every route."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from discord_stand_in.chaos import Chaos, ChaosPlan
from discord_stand_in.clock import Clock
from discord_stand_in.config import Application, Config
from discord_stand_in.errors import EndpointError
from discord_stand_in.gateway_limits import SessionStartLimit
from discord_stand_in.json_types import Json
from discord_stand_in.rate_limits import RateLimiter
from discord_stand_in.signing import Signer
from discord_stand_in.snowflakes import Snowflakes
from discord_stand_in.state.attachments import AttachmentStore
from discord_stand_in.state.channels import Channel
from discord_stand_in.state.commands import CommandStore
from discord_stand_in.state.directory import Directory, User
from discord_stand_in.state.entitlements import EntitlementStore
from discord_stand_in.state.events import EventLog
from discord_stand_in.state.gateway_sessions import GatewaySessions
from discord_stand_in.state.interactions import Interaction, InteractionStore, TimelineEvent
from discord_stand_in.state.messages import Message, MessageStore
from discord_stand_in.state.reports import ApiCalls, Reports
from discord_stand_in.state.retention import Retention
from discord_stand_in.webhook_events import WebhookEvents


@dataclass
class Endpoint:
    """The URL to which the application's interactions are delivered."""

    url: str | None = None
    removed_because: str | None = None
    """Why the stand-in removed the URL, as Discord does when an endpoint is not safe."""

    def as_json(self) -> Json:
        """The endpoint for the control API and the pages."""
        return {"url": self.url, "removed_because": self.removed_because}


class Backend:
    """The stores and services of one stand-in."""

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
        self.application = Application.load(config.application)
        self.signer = Signer(self.application.signing_key)
        self.snowflakes = Snowflakes(self.clock)
        self.retention = Retention(self.clock, config.kept, self.limits.token_seconds)
        folder = None if config.state_dir is None else config.state_dir / "attachments"
        self.attachments = AttachmentStore(
            folder, config.public_url, self.retention, self.limits.link_seconds
        )
        self.webhook_events = WebhookEvents(
            self.application.id, self.clock, self.signer, self.post, self.limits.event_retry_seconds
        )
        self._create_stores()
        self.events = EventLog(self.clock)
        self.rate_limiter = RateLimiter(
            self.clock, self.limits.invalid_requests, config.rate_limits
        )
        self.chaos = Chaos(self.clock, config.seed)
        self.endpoint = Endpoint()
        self.sessions = GatewaySessions(self.clock, self.application.id)
        self.session_starts = SessionStartLimit(self.clock, config.limits.daily_sessions)
        self.application_flags = 0
        # trust_env: a proxy in the environment must not get loopback traffic.
        self.on_forgotten: list[Callable[[str], object]] = []
        """Called with the id of each interaction that is forgotten."""
        self.http = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
        )

    def _create_stores(self) -> None:
        self.directory = Directory(self.config.directory, self.retention)
        self.messages = MessageStore(
            self.attachments, self.application.id, self.retention, self._publish_forgotten
        )
        self.interactions = InteractionStore(self.retention, self._forget_interaction)
        self.commands = CommandStore(self.clock, self.limits.daily_command_creates)
        self.entitlements = EntitlementStore(self.clock)
        self.reports = Reports()
        self.api_calls = ApiCalls()
        self.started_at = self.clock.now()

    def _forget_interaction(self, interaction_id: str) -> None:
        self.reports.logs.pop(interaction_id, None)
        for forget in self.on_forgotten:
            forget(interaction_id)
        self.events.publish("interaction_forgotten", {"interaction_id": interaction_id})

    def _publish_forgotten(self, message: Message) -> None:
        place = {"channel_id": message.channel_id, "message_id": message.id}
        if message.channel_id in self.directory.channels:
            self.directory.trimmed.add(message.channel_id)
        self.events.publish("message_forgotten", place)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """Send a signed body to the application; EndpointError if no response comes within 3 s."""
        seconds = self.limits.answer_seconds
        try:
            return await self.http.post(url, content=body, headers=headers, timeout=seconds)
        except httpx.TimeoutException as error:
            raise EndpointError(f"no answer within {seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise EndpointError(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """End the event streams and the connections to the application."""
        self.events.close()
        await self.webhook_events.close()
        await self.http.aclose()

    def reset(self) -> None:
        """Start with empty stores and the users of its directory; the endpoint stays."""
        self.attachments.clear()
        self._create_stores()
        self.rate_limiter.clear()
        self.chaos.set(ChaosPlan())
        self.events.publish("reset", {})

    def add_timeline_event(
        self,
        interaction: Interaction,
        name: str,
        detail: Json | None = None,
        at: float | None = None,
    ) -> None:
        """Add an event to an interaction's timeline and publish it; `at`: Unix seconds, or now."""
        event = TimelineEvent(name, self.clock.now() if at is None else at, detail)
        interaction.events.append(event)
        elapsed_ms = interaction.elapsed_ms(event.at)
        data: Json = {"interaction_id": interaction.id, "name": name, "elapsed_ms": elapsed_ms}
        self.events.publish("timeline", data if detail is None else data | {"detail": detail})

    def publish_interaction(self, interaction: Interaction) -> None:
        """Publish an interaction, as it is now, to the pages."""
        self.events.publish("interaction", {"interaction": self.interaction_json(interaction)})

    def show_message(self, change: str, message: Message) -> None:
        """Publish to the pages that a message was `created`, `updated` or `deleted`."""
        self.events.publish(f"message_{change}", {"message": self.messages.control_json(message)})

    def publish_message(self, change: str, message: Message) -> None:
        """Publish to pages and sessions that a message was `created`, `updated` or `deleted`."""
        self.show_message(change, message)
        guild_id = None
        if message.ephemeral_for is None and message.channel_id in self.directory.channels:
            # An ephemeral message is dispatched as if it were a direct one:
            # https://docs.discord.com/developers/events/gateway-events#message-create
            guild_id = self.directory.channels[message.channel_id].guild_id
        data = self.messages.as_json(message)
        if change == "deleted":
            data = {"id": message.id, "channel_id": message.channel_id}
        name = {"created": "CREATE", "updated": "UPDATE", "deleted": "DELETE"}[change]
        self.dispatch(f"MESSAGE_{name}", data, guild_id)

    def dispatch(self, name: str, data: Json, guild_id: str | None) -> int:
        """Send an event to the sessions of the Gateway that get it; returns to how many."""
        in_guild = {} if guild_id is None else {"guild_id": guild_id}
        return self.sessions.dispatch(name, data | in_guild, guild_id)

    def interaction_json(self, interaction: Interaction) -> Json:
        """An interaction for the control API, with how often its original response was edited."""
        message = self.messages.find(interaction.message_id)
        return interaction.as_json() | {"edits": message.edits if message else 0}

    def channel_json(self, channel: Channel) -> Json:
        """The channel object as the API returns it."""
        return self.directory.channel_json(channel, self.messages.last_id(channel.id))

    def partial_channel_json(self, channel: Channel) -> Json:
        """The partial channel object that an interaction holds."""
        return self.directory.partial_channel_json(channel, self.messages.last_id(channel.id))

    def directory_json(self) -> Json:
        """Users, the guild and its channels, and a page's default user and channel."""
        directory = self.directory
        return {
            "users": [
                user.as_json()
                | {"locale": user.locale, "roles": list(user.roles)}
                | {"permissions": user.permissions}
                for user in directory.users.values()
            ],
            "guild": directory.guild.as_json(),
            "channels": [self.channel_json(channel) for channel in directory.channels.values()],
            "default_user_id": directory.default_user.id,
            "default_channel_id": directory.default_channel.id,
        }

    def publish_directory(self) -> None:
        """Publish to the pages that channels, roles or users have changed."""
        self.events.publish("directory", {"directory": self.directory_json()})

    def bot_member(self) -> Json:
        """The application's bot as a member of the guild."""
        bot = User(self.application.id, self.application.name, "", "en-US")
        return bot.as_member() | {"user": self.bot_user()}

    def bot_user(self) -> Json:
        """The application's bot as a user object."""
        return bot_user_json(self.application.id, self.application.name)


def bot_user_json(user_id: str, name: str) -> Json:
    """A bot or a webhook as a user object."""
    return {
        "id": user_id,
        "username": name,
        "global_name": None,
        "discriminator": "0000",
        "avatar": None,
        "bot": True,
        "public_flags": 0,
    }
