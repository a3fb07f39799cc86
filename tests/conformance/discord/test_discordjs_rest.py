"""@discordjs/rest and discord-api-types work against the stand-in; only the address differs."""

import json
import subprocess
from pathlib import Path
from typing import Any


def test_discord_js_works_against_the_stand_in(discord_server: Any, node_modules: Path) -> None:
    token = discord_server.interact()
    given = {
        "url": discord_server.url,
        "botToken": discord_server.bot_token,
        "applicationId": discord_server.application_id,
        "interactionId": discord_server.endpoint.payloads[-1]["id"],
        "token": token,
    }
    done = subprocess.run(
        ["node", "client.mjs"],
        cwd=node_modules,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 8
