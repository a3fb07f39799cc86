"""`python -m emulation.rig.live.connector --state-dir DIR`: connects a stack to Discord's Gateway.

Every interaction that the Gateway sends is handed to the stack's endpoint, and its answer to
Discord. The bot's token comes in the environment, as DISCORD_BOT_TOKEN. hikari keeps the session:
heartbeats, Resume, a new session where none can be resumed, pauses between tries.

Contract: https://docs.discord.com/developers/events/gateway
"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hikari

from emulation.rig.live.application import NEW_TOKEN, PORTAL
from emulation.rig.live.connection import Connection
from emulation.rig.live.operations import Operations
from emulation.rig.live.relay import Addresses, Relay, UnansweredError
from emulation.rig.state import StateFolder
from infra.deploy.choices import DISCORD_BOT_TOKEN, DeploymentSettings

_log = logging.getLogger(__name__)
_INTENTS = f"Open {PORTAL}, choose the application, then Bot > Privileged Gateway Intents"
_PERMANENT = {
    4004: f"Discord does not know the bot's token any more. {NEW_TOKEN}",
    4010: "Discord refused the shard that the connector asked for.",
    4011: "The bot is in more servers than one connection may serve.",
    4012: "Discord no longer speaks this version of its Gateway: hikari has to be updated.",
    4013: f"Discord does not know the intents that the connector asked for. {_INTENTS}.",
    4014: f"The connector asked for intents that the application may not have. {_INTENTS}.",
}
"""Close codes after which nobody may connect again, and what to do.

https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
"""
_PAUSE_SECONDS = 5.0
"""Before another session is begun where the last one ended for a reason that may pass."""


class Connector:
    """Keeps one application connected, until it is stopped or Discord refuses it for good."""

    def __init__(
        self,
        relay: Relay,
        operations: Operations,
        api_url: str,
        bot_token: str,
        report: Callable[[Connection], None],
    ) -> None:
        """`report` is called with every change of the connection."""
        self._relay = relay
        self._operations = operations
        self._api_url = api_url
        self._bot_token = bot_token
        self._report = report
        self._stopped = asyncio.Event()
        self._at_work: set[asyncio.Task[None]] = set()
        self._was_connected = False
        self.connection = Connection()

    def stop(self) -> None:
        """Disconnect, once the interactions that came are answered."""
        self._stopped.set()

    async def run(self) -> None:
        """Stay connected until `stop`; return early, with a `problem`, where Discord refuses."""
        while not self._stopped.is_set() and self.connection.problem is None:
            try:
                await self._serve()
            except hikari.GatewayServerClosedConnectionError as error:
                self._closed(error)
            except hikari.UnauthorizedError:
                self._change(problem=_PERMANENT[4004])
            except (hikari.HikariError, RuntimeError) as error:
                _log.warning("The session ended: %s", error)
            if not self._stopped.is_set() and self.connection.problem is None:
                await asyncio.sleep(_PAUSE_SECONDS)
        await asyncio.gather(*self._at_work)

    async def _serve(self) -> None:
        """One session, with all its connections."""
        # No intent is needed: interactions come to every session.
        bot = hikari.GatewayBot(
            self._bot_token,
            intents=hikari.Intents.NONE,
            rest_url=self._api_url,
            cache_settings=hikari.impl.CacheSettings(components=hikari.api.CacheComponents.NONE),
            auto_chunk_members=False,
            banner=None,
            logs=None,
            suppress_optimization_warning=True,
        )
        bot.subscribe(hikari.ShardPayloadEvent, self._on_payload)
        bot.subscribe(hikari.ShardDisconnectedEvent, self._on_disconnected)
        stopped = asyncio.create_task(self._stopped.wait())
        ended = asyncio.create_task(_served(bot))
        try:
            await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                ended.result()
        finally:
            for task in (stopped, ended):
                task.cancel()
            if bot.is_alive:
                await bot.close()

    async def _on_payload(self, event: hikari.ShardPayloadEvent) -> None:
        if event.name == "INTERACTION_CREATE":
            task = asyncio.create_task(self._hand_over(dict(event.payload)))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
        elif event.name in ("READY", "RESUMED"):
            self._connected(resumed=event.name == "RESUMED")

    def _connected(self, *, resumed: bool) -> None:
        now = _now()
        again = {"last_reconnect": now, "reconnects": self.connection.reconnects + 1}
        _log.info("Connected to Discord%s", ": the session goes on" if resumed else "")
        self._change(connected_since=now, **(again if self._was_connected else {}))
        self._was_connected = True

    async def _on_disconnected(self, _event: hikari.ShardDisconnectedEvent) -> None:
        _log.info("Disconnected from Discord")
        self._change(connected_since=None)

    async def _hand_over(self, payload: Any) -> None:
        async with asyncio.TaskGroup() as work:
            # The answer waits for no page.
            work.create_task(self._operations.came(payload))
            handed_over = work.create_task(self._relay.hand_over(payload))
        if (result := handed_over.result()) is None:
            return
        if result.reason is None:
            self._change(answered=self.connection.answered + 1)
        else:
            self._change(unanswered=self.connection.unanswered + 1)
        await self._operations.ended(payload["id"], result.reason)

    def _closed(self, error: hikari.GatewayServerClosedConnectionError) -> None:
        problem = _PERMANENT.get(int(error.code or 0))
        if problem is None:
            _log.warning("Discord closed the connection: %s %s", error.code, error.reason)
        else:
            self._change(problem=f"{problem} (close code {error.code})", connected_since=None)

    def _change(self, **changes: Any) -> None:
        self.connection = replace(self.connection, **changes)
        self._report(self.connection)


async def _served(bot: hikari.GatewayBot) -> None:
    """Connect, and stay so; raises what ends it."""
    await bot.start(check_for_updates=False)
    await bot.join()


def _report_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what no task handles; that Discord closed the connection is handled, and told twice."""
    if not isinstance(context.get("exception"), hikari.GatewayServerClosedConnectionError):
        loop.default_exception_handler(context)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


async def _connect(folder: StateFolder, bot_token: str, signing_key: str, seconds: float) -> str:
    """Serve until SIGTERM; the reason why Discord refuses for good, or nothing."""
    state = folder.load()
    if state is None:
        return f"There is no stack in {folder.path}."
    relay = Relay(Addresses(state.interactions_url, state.discord_api_url), signing_key, seconds)
    operations = Operations(state.discord_url)
    connector = Connector(
        relay,
        operations,
        state.discord_api_url,
        bot_token,
        lambda one: one.save(folder.connection),
    )
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report_exception)
    loop.add_signal_handler(signal.SIGTERM, connector.stop)
    try:
        await relay.ping()
        await connector.run()
    except UnansweredError as error:
        return f"The handlers cannot serve Discord: {error}. See: make local-logs NAME=functions"
    finally:
        await relay.close()
        await operations.close()
    return connector.connection.problem or ""


def main() -> None:
    """Connect the stack in the folder that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m emulation.rig.live.connector")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--signing-key", type=Path, required=True, help="file with a seed in hex")
    parser.add_argument("--answer-seconds", type=float, default=3.0)
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # httpx logs addresses, and an interaction's token is in that of its callback.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    bot_token = DeploymentSettings.from_environ().bot_token
    if bot_token is None:
        sys.exit(f"{DISCORD_BOT_TOKEN} is not set")
    folder = StateFolder(arguments.state_dir)
    key = arguments.signing_key.read_text().strip()
    problem = asyncio.run(_connect(folder, bot_token, key, arguments.answer_seconds))
    if problem:
        sys.exit(problem)


if __name__ == "__main__":
    main()
