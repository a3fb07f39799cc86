"""`discord-stand-in`: serve the stand-in until SIGTERM or SIGINT."""

import argparse
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from discord_stand_in.app import create_app
from discord_stand_in.backend import Backend
from discord_stand_in.clock import Clock
from discord_stand_in.config import (
    APPLICATION,
    DIRECTORY,
    MEBIBYTE,
    READY,
    RECORDINGS,
    Config,
    Limits,
)

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_IDLE_SECONDS = 60
"""After this time without a request a connection is closed. uvicorn's 5 s are also the time after
which httpx, by default, uses an idle connection no more: of a request just before, a server that is
late would see nothing but its own end of the connection."""


def _parse_arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="discord-stand-in", description=__doc__)
    parser.add_argument("--port", type=int, default=8700, help="0: a free one; %(default)s")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--public-url", help="URL for clients; default: http://HOST:PORT")
    parser.add_argument(
        "--application", type=Path, default=APPLICATION, help="JSON file of the application"
    )
    parser.add_argument(
        "--directory", type=Path, default=DIRECTORY, help="JSON file of users, guild and channels"
    )
    parser.add_argument(
        "--state-dir", type=Path, help="folder of uploaded files; default: in memory"
    )
    parser.add_argument(
        "--recordings-dir",
        type=Path,
        default=RECORDINGS,
        help="folder below which the recorder saves; default: %(default)s",
    )
    parser.add_argument(
        "--probe-interval",
        type=float,
        default=300.0,
        help="mean seconds between wrong-signature probes; 0: none",
    )
    parser.add_argument(
        "--answer-seconds",
        type=float,
        default=Limits().answer_seconds,
        help="how long the application has for its first response; Discord's: %(default)s",
    )
    parser.add_argument(
        "--clock",
        type=Path,
        help="file that says how far time was moved: nanoseconds as eight bytes, little-endian",
    )
    parser.add_argument(
        "--keep",
        type=_number_to_keep,
        default=Config.kept,
        metavar="NUMBER",
        help="how many messages and interactions are kept; above it the oldest are forgotten, "
        "15 minutes after they were made; default: %(default)s",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of chaos and of the probes")
    parser.add_argument(
        "--no-rate-limits", action="store_true", help="never answer 429, nor tell of a limit"
    )
    parser.add_argument("--log-level", default="INFO", type=str.upper, choices=_LEVELS)
    return parser.parse_args(words)


def _number_to_keep(word: str) -> int:
    """A number of at least 1; argparse says what is wrong with any other word."""
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number of at least 1")
    return int(word)


class _Server(uvicorn.Server):
    """A server that ends open event streams when it stops, rather than wait for them."""

    def __init__(self, config: uvicorn.Config, backend: Backend) -> None:
        super().__init__(config)
        self._backend = backend

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the event streams and stop."""
        self._backend.events.close()
        super().handle_exit(sig, frame)


def main(words: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; `words` are those of the command line."""
    arguments = _parse_arguments(words)
    logging.basicConfig(
        level=arguments.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # httpx logs every address it calls; the stand-in keeps its own log of deliveries.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with listening_socket(arguments.host, arguments.port) as listener:
        url = arguments.public_url or f"http://{arguments.host}:{listener.getsockname()[1]}"
        backend = Backend(_config(arguments, url), clock=Clock(file=arguments.clock))
        # uvicorn's access log would hold the tokens in paths; the stand-in's own log masks them.
        server = _Server(
            uvicorn.Config(
                create_app(backend),
                access_log=False,
                log_config=None,
                ws="websockets-sansio",
                # Discord closes a connection for a payload that is too large, but reads it first.
                ws_max_size=MEBIBYTE,
                # The Gateway has heartbeats of its own.
                ws_ping_interval=None,
                ws_per_message_deflate=False,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=2,
                server_header=False,
            ),
            backend,
        )
        # Who connects from now on waits until it serves.
        sys.stdout.write(f"{READY}{url}\n")
        sys.stdout.flush()
        server.run(sockets=[listener])


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens, so that clients may connect as soon as its address is known.

    Raises:
        SystemExit: the port is not free, or is none of this machine's addresses.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = f"Can't listen on {host}:{port} ({error}): choose another --port."
        raise SystemExit(reason) from None
    listener.set_inheritable(True)
    # asyncio sets it only for sockets that it makes. Without it a second frame waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _config(arguments: argparse.Namespace, url: str) -> Config:
    return Config(
        public_url=url,
        application=arguments.application,
        directory=arguments.directory,
        state_dir=arguments.state_dir,
        recordings_dir=arguments.recordings_dir,
        limits=Limits(answer_seconds=arguments.answer_seconds),
        probe_interval_seconds=arguments.probe_interval,
        kept=arguments.keep,
        rate_limits=not arguments.no_rate_limits,
        seed=arguments.seed,
    )
