"""A stand-in on a port, and an endpoint behind it whose signatures another library checks."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from discord_interactions import verify_key

from fixtures.discord.signing import application, public_key
from tests.conformance.discord.client_environments import node_packages
from tests.standin_server import Endpoint, serving

HERE = Path(__file__).parent
AGENT = "DiscordBot (https://application.test, 1.0)"


@dataclass
class Discord:
    """The addresses and credentials for a client of Discord."""

    url: str
    endpoint: Endpoint
    endpoint_url: str
    http: httpx.Client
    application_id: str = application()["application_id"]
    bot_token: str = application()["bot_token"]

    @property
    def api(self) -> str:
        """The address that replaces Discord's API in a client."""
        return f"{self.url}/api/v10"

    def interact(self, **action: object) -> str:
        """Send a command; return the token of its interaction."""
        body = action or {"command": "imagine", "options": {"prompt": "a red circle"}}
        sent = self.http.post("/control/interactions", json=body).json()
        assert sent["outcome"] in ("answered", "deferred"), sent
        return str(self.endpoint.payloads[-1]["token"])


def verify(body: bytes, signature: str, timestamp: str) -> bool:
    """Check a signature with the library `discord-interactions`."""
    return verify_key(body, signature, timestamp, public_key())


@pytest.fixture
def discord_server(tmp_path: Path) -> Iterator[Discord]:
    """A stand-in whose application has an endpoint that passed the check."""
    endpoint = Endpoint(verify)
    headers = {"Authorization": f"Bot {application()['bot_token']}", "User-Agent": AGENT}
    with (
        endpoint.listening() as address,
        serving(tmp_path) as server,
        httpx.Client(base_url=server.url, headers=headers, trust_env=False) as http,
    ):
        body = {"interactions_endpoint_url": address}
        assert http.patch("/api/v10/applications/@me", json=body).status_code == 200
        yield Discord(server.url, endpoint, address, http)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder in which Node finds discord.js and @discordjs/rest, with the clients' scripts."""
    folder = node_packages()
    scripts = ("client.mjs", "discordjs_calls.mjs", "gateway_clients/discordjs.mjs")
    for file in (HERE / name for name in scripts):
        shutil.copy(file, folder / file.name)
    return folder
