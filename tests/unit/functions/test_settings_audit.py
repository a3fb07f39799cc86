"""`/settings audit`: who changed what in a server, and when."""

from typing import Any

import pytest

from discord_diffusion.access.guild_changes import GuildChange
from discord_diffusion.texts.catalogue import LANGUAGES
from discord_stand_in.validation.layout import layout_components
from tests.messages import is_ephemeral, text_of
from tests.unit.functions.conftest import Caller, imagine, new_id
from tests.unit.functions.test_redelivery import MANAGER, settings_command


def audit(caller: Caller, **changes: Any) -> dict[str, Any]:
    data = {"name": "settings", "options": [{"name": "audit", "type": 1, "options": []}]}
    return caller.content(imagine() | {"member": MANAGER, "data": data} | changes)


def test_a_change_is_listed_with_its_options_and_the_newest_is_first(caller: Caller) -> None:
    assert "Nobody has changed anything" in text_of(audit(caller)["data"])
    role = "1300000000000000101"
    for command in (
        settings_command("limits", cooldown=30, jobs=2),
        settings_command("priority", role=role, allow=True),
        settings_command("block", pattern="dog"),
    ):
        caller.content(command(caller) | {"id": new_id()})
    answer = audit(caller)
    assert is_ephemeral(answer["data"])
    _block, priority, limits, kept = text_of(answer["data"]).splitlines()
    assert limits.endswith("<@4000> **limits**: cooldown 30, jobs 2")
    assert limits.startswith("<t:")
    assert priority.endswith(f"**priority**: allow True, role <@&{role}>")
    assert kept == "-# The last 20 changes; each is kept for 30 days."


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_longest_list_is_a_message_of_discords_in_every_language(
    caller: Caller, locale: str
) -> None:
    values = {f"limits.{name}": "9" * 40 for name in ("user_units", "server_units", "cooldown")}
    caller.guilds.changes = (GuildChange("1", "1" * 20, "limits", 1_900_000_000, values),) * 20
    layout_components(audit(caller, locale=locale)["data"]["components"])


def test_only_who_manages_the_server_reads_the_list(caller: Caller) -> None:
    member = MANAGER | {"permissions": "0"}
    assert "may manage this server" in text_of(audit(caller, member=member)["data"])


def test_what_a_moderator_does_is_recorded_although_others_always_note_first(
    caller: Caller,
) -> None:
    caller.guilds.saved_by_another = True
    caller.content(settings_command("stop", user="1" * 19)(caller))
    [recorded] = caller.guilds.audited
    assert (recorded["user"], recorded["action"]) == ("4000", "settings.stop")
