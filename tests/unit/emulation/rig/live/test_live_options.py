"""The options of a live stack: the token, and what functions and workers are told."""

import os
import subprocess
from dataclasses import replace

import pytest

from emulation.rig import deployment
from emulation.rig.cli.live import needed_bot_token
from emulation.rig.errors import RigError, StartError
from emulation.rig.live import application
from emulation.rig.options import LIVE, ModelOptions, StackOptions, differences
from emulation.rig.state import LiveServer, StackState
from infra.deploy.choices import DISCORD_BOT_TOKEN
from toolchain.layout import Layout

LAYOUT = Layout.of_this_checkout()
OPTIONS = StackOptions(discord=LIVE)
STATE = replace(
    StackState.on_ports("host", 1, 2),
    discord_api_url="https://discord.com/api/v10",
    live=LiveServer("11", "22", "Home", "ab" * 32),
)


def test_the_functions_have_the_application_and_the_rigs_own_key() -> None:
    found = deployment.variables(LAYOUT, OPTIONS, STATE)
    assert found["discord_application_id"] == "11"
    assert found["discord_public_key"] == "ab" * 32
    assert found["discord_api_url"] == "https://discord.com/api/v10"


def test_members_have_the_limits_and_the_safety_checker_of_a_deployment() -> None:
    own = replace(OPTIONS, model=ModelOptions("a/model"))
    live = deployment.variables(LAYOUT, own, STATE)
    assert "limits" not in live
    assert "safety_checker" not in live["worker"]
    here = deployment.variables(LAYOUT, own, replace(STATE, live=None))
    assert here["limits"]["user_units_per_day"] == 0
    assert here["worker"]["safety_checker"] == "none"
    embedded = deployment.variables(LAYOUT, OPTIONS, STATE)
    assert embedded["worker"]["safety_checker"] == "none", "it needs no download"


def test_a_running_stack_stays_live_and_a_change_is_named() -> None:
    running = replace(OPTIONS, guild="22").as_json()
    assert StackOptions().keeping(running, given=()).as_json() == running
    assert differences(running, StackOptions().as_json()) == {
        "discord": "DISCORD=stand-in",
        "guild": "DISCORD_GUILD=",
    }


def test_without_a_token_it_is_said_where_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StartError, match=f"{DISCORD_BOT_TOKEN}.*Bot > Reset Token"):
        application.served(LAYOUT, STATE, OPTIONS)
    with pytest.raises(StartError, match=f"Set {DISCORD_BOT_TOKEN}"):
        deployment.register_commands(STATE)
    monkeypatch.delenv(DISCORD_BOT_TOKEN, raising=False)
    with pytest.raises(RigError, match=f"set {DISCORD_BOT_TOKEN} in the environment"):
        needed_bot_token()
    monkeypatch.setenv(DISCORD_BOT_TOKEN, " MTIz.a.token\n")
    assert needed_bot_token() == "MTIz.a.token"


def test_make_refuses_a_token_on_its_command_line() -> None:
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    refused = subprocess.run(
        ["make", "-n", "local-up", "DISCORD=live", f"{DISCORD_BOT_TOKEN}=MTIz.a.token"],
        cwd=LAYOUT.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "does not belong on a command line" in refused.stderr
    assert "MTIz" not in refused.stdout + refused.stderr
