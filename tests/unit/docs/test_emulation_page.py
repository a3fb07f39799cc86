"""docs/emulation.md names all commands and settings, and no others."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from typer.main import get_command

from ecs_fleet_emulator.simulation.settings import Delays, Settings
from emulation.rig.cli.main import app
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
CALL = re.compile(r"python -m emulation ((?:[a-z-]+ ?)+)")
ROW = re.compile(r"^\| `([a-z_]+)` \| ([^|]+) \|", re.MULTILINE)


def commands() -> set[str]:
    """Every command of the rig's command line, sub-commands with the name of their group."""
    found = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", {})
        found |= {f"{name} {one}" for one in below} or {name}
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_call_of_the_rig_is_a_command(page: Path) -> None:
    text = page.read_text()
    known = commands() | {name.split()[0] for name in commands()} | {""}
    for call in CALL.findall(text):
        words = [word for word in call.split() if not word.startswith("-")]
        assert " ".join(words[:2]) in known or words[0] in known, call


def test_every_command_of_the_fleet_is_on_the_page() -> None:
    text = (ROOT / "docs" / "emulation.md").read_text()
    missing = [name for name in commands() if name.startswith("fleet ") and name not in text]
    assert missing == []


def test_the_settings_are_those_of_the_fleet_agent() -> None:
    text = (ROOT / "docs" / "emulation.md").read_text().split("### Settings")[1]
    told = {name: json.loads(default) for name, default in ROW.findall(text)}
    settings, delays = Settings(), Delays()
    there = {one.name: getattr(delays, one.name) for one in fields(Delays)}
    there |= {
        one.name: getattr(settings, one.name) for one in fields(Settings) if one.name != "delays"
    }
    assert told == there
