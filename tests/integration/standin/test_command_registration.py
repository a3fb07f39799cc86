"""Registering commands over HTTP."""

from typing import Any

import pytest

from tests.standin_in_process import (
    GUILD,
    Payload,
    StandIn,
    running,
)

pytestmark = pytest.mark.anyio


def command(name: str = "imagine", **more: Any) -> Payload:
    """A small command."""
    return {"name": name, "description": "d", **more}


async def test_a_bulk_overwrite_replaces_all_commands_and_keeps_ids_by_name(
    standin: StandIn,
) -> None:
    first = (await standin.bot.put(standin.commands, json=[command(), command("other")])).json()
    second = (await standin.bot.put(standin.commands, json=[command(nsfw=True)])).json()
    assert [registered["id"] for registered in second] == [first[0]["id"]]
    assert second[0]["version"] != first[0]["version"]
    assert (await standin.bot.put(standin.commands, json=[command(nsfw=True)])).json() == second
    assert len((await standin.bot.get(standin.commands)).json()) == 1


async def test_a_command_is_created_read_edited_and_deleted(standin: StandIn) -> None:
    made = await standin.bot.post(standin.commands, json=command())
    assert made.status_code == 201
    assert (await standin.bot.post(standin.commands, json=command(nsfw=True))).status_code == 200
    path = f"{standin.commands}/{made.json()['id']}"
    assert (await standin.bot.get(path)).json()["nsfw"] is True
    edited = await standin.bot.patch(path, json={"description": "new"})
    assert edited.json()["description"] == "new"
    assert (await standin.bot.delete(path)).status_code == 204
    gone = await standin.bot.get(path)
    assert (gone.status_code, gone.json()["code"]) == (404, 10063)


async def test_an_edit_is_validated_like_a_new_command(standin: StandIn) -> None:
    made = (await standin.bot.post(standin.commands, json=command())).json()
    await standin.bot.post(standin.commands, json=command("other"))
    path = f"{standin.commands}/{made['id']}"
    bad = await standin.bot.patch(path, json={"name": "UPPER"})
    assert bad.json()["errors"]["name"]["_errors"][0]["code"] == "APPLICATION_COMMAND_INVALID_NAME"
    taken = await standin.bot.patch(path, json={"name": "other"})
    assert taken.json()["errors"]["name"]["_errors"][0]["code"] == (
        "APPLICATION_COMMANDS_DUPLICATE_NAME"
    )


async def test_a_guild_command_belongs_to_its_guild_only(standin: StandIn) -> None:
    path = f"/api/v10/applications/{standin.backend.application.id}/guilds/{GUILD}/commands"
    made = (await standin.bot.put(path, json=[command()])).json()
    assert made[0]["guild_id"] == GUILD
    assert "contexts" not in made[0]
    assert (await standin.bot.get(standin.commands)).json() == []
    await standin.send(command="imagine")
    assert standin.application.payloads[0]["data"]["guild_id"] == GUILD
    foreign = await standin.bot.get(path.replace(GUILD, "1"))
    assert (foreign.status_code, foreign.json()["code"]) == (403, 50001)


async def test_form_errors_are_nested_by_position_and_field(standin: StandIn) -> None:
    options = [{"type": 3, "name": "a", "description": "d"}, {"type": 3, "name": "B"}]
    response = await standin.bot.put(
        standin.commands, json=[command(), command("two", options=options)]
    )
    assert response.status_code == 400
    assert response.json() == {
        "code": 50035,
        "message": "Invalid Form Body",
        "errors": {
            "1": {
                "options": {
                    "1": {
                        "name": {
                            "_errors": [
                                {
                                    "code": "APPLICATION_COMMAND_INVALID_NAME",
                                    "message": "Command name is invalid",
                                }
                            ]
                        },
                        "description": {
                            "_errors": [
                                {
                                    "code": "BASE_TYPE_REQUIRED",
                                    "message": "This field is required",
                                }
                            ]
                        },
                    }
                }
            }
        },
    }


async def test_localizations_are_listed_only_with_with_localizations(standin: StandIn) -> None:
    await standin.bot.put(
        standin.commands, json=[command(name_localizations={"de": "stelldirvor"})]
    )
    plain = (await standin.bot.get(standin.commands)).json()
    full = (await standin.bot.get(f"{standin.commands}?with_localizations=true")).json()
    assert "name_localizations" not in plain[0]
    assert full[0]["name_localizations"] == {"de": "stelldirvor"}


async def test_command_creates_have_a_daily_limit() -> None:
    async with running(daily_command_creates=3) as standin:
        await standin.bot.put(standin.commands, json=[command("a"), command("b")])
        await standin.bot.put(standin.commands, json=[command("a"), command("b")])
        await standin.bot.post(standin.commands, json=command("c"))
        refused = await standin.bot.post(standin.commands, json=command("d"))
        assert (refused.status_code, refused.json()["code"]) == (429, 30034)
        assert len((await standin.bot.get(standin.commands)).json()) == 3
        standin.clock.offset += 24 * 3600 + 1
        assert (await standin.bot.post(standin.commands, json=command("d"))).status_code == 201


async def test_more_than_a_hundred_commands_are_refused(standin: StandIn) -> None:
    many = [command(f"c{n}") for n in range(101)]
    refused = await standin.bot.put(standin.commands, json=many)
    assert (refused.status_code, refused.json()["code"]) == (400, 30032)
    assert (await standin.bot.put(standin.commands, json=many[:100])).status_code == 200


async def test_only_the_applications_own_bot_may_register(standin: StandIn) -> None:
    anonymous = await standin.http.get(standin.commands)
    assert anonymous.status_code == 401
    assert anonymous.json() == {"message": "401: Unauthorized", "code": 0}
    foreign = await standin.bot.get("/api/v10/applications/1/commands")
    assert (foreign.status_code, foreign.json()["code"]) == (403, 20012)
