"""`python -m discord_stand_in`: serve the stand-in."""

import argparse
import logging
from pathlib import Path
from types import FrameType

import uvicorn

from discord_stand_in.app import create_app
from discord_stand_in.backend import Backend
from discord_stand_in.clock import Clock
from discord_stand_in.config import MEBIBYTE, RECORDINGS, Config, Limits

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m discord_stand_in", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--public-url", help="URL for clients; default: http://HOST:PORT")
    parser.add_argument(
        "--state-dir", type=Path, help="folder of uploaded files; default: in memory"
    )
    parser.add_argument("--recordings-dir", type=Path, help="folder below which the recorder saves")
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
    parser.add_argument("--seed", type=int, default=0, help="seed of chaos and of the probes")
    parser.add_argument(
        "--no-rate-limits", action="store_true", help="never answer 429 (for benchmarks)"
    )
    parser.add_argument("--log-level", default="INFO", type=str.upper, choices=_LEVELS)
    return parser.parse_args()


class _Server(uvicorn.Server):
    """A server that ends open event streams when it stops, rather than wait for them."""

    def __init__(self, config: uvicorn.Config, backend: Backend) -> None:
        super().__init__(config)
        self._backend = backend

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the event streams and stop."""
        self._backend.events.close()
        super().handle_exit(sig, frame)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = _parse_arguments()
    logging.basicConfig(
        level=arguments.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # httpx logs every address it calls; the stand-in keeps its own log of deliveries.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    config = Config(
        public_url=arguments.public_url or f"http://{arguments.host}:{arguments.port}",
        state_dir=arguments.state_dir,
        recordings_dir=arguments.recordings_dir or RECORDINGS,
        limits=Limits(answer_seconds=arguments.answer_seconds),
        probe_interval_seconds=arguments.probe_interval,
        rate_limits=not arguments.no_rate_limits,
        seed=arguments.seed,
    )
    backend = Backend(config, clock=Clock(file=arguments.clock))
    # uvicorn's access log would hold the tokens in paths; the stand-in's own log masks them.
    server = _Server(
        uvicorn.Config(
            create_app(backend),
            host=arguments.host,
            port=arguments.port,
            access_log=False,
            log_config=None,
            ws="websockets-sansio",
            # Discord closes a connection for a payload that is too large, but reads it first.
            ws_max_size=MEBIBYTE,
            # The Gateway has heartbeats of its own.
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=2,
            server_header=False,
        ),
        backend,
    )
    server.run()


main()
