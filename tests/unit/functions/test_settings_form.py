"""The form in which a server's settings are changed: what it shows, and what submitting it does."""

from typing import Any

import pytest

from discord_diffusion.discord.commands import FORMS
from discord_diffusion.texts.catalogue import LANGUAGES
from discord_stand_in.validation.modals import modal
from tests.messages import inputs_of, is_ephemeral, text_of
from tests.unit.functions.conftest import Caller, imagine, make_caller
from tests.unit.functions.test_redelivery import MANAGER

ROLES = tuple(str(number) for number in range(100, 130))


@pytest.fixture
def caller() -> Caller:
    return make_caller()


def opened(
    caller: Caller, locale: str = "en", about: str | None = None, **changes: Any
) -> dict[str, Any]:
    """The form, which Discord accepts."""
    options = [{"name": "about", "value": about}] if about else []
    data = {"name": "settings", "options": [{"name": "form", "type": 1, "options": options}]}
    payload = imagine() | {"member": MANAGER, "data": data, "locale": locale} | changes
    answer = caller.content(payload)
    assert answer["type"] == 9, answer
    modal(answer["data"])
    form: dict[str, Any] = answer["data"]
    return form


def submission(form: dict[str, Any], **given: Any) -> dict[str, Any]:
    """The interaction of a form that is submitted with these values in place of the shown ones."""
    labels = []
    for one in inputs_of(form):
        name = one["custom_id"]
        filled = {"type": one["type"], "custom_id": name}
        match one["type"]:
            case 21:
                default = next(option["value"] for option in one["options"] if option["default"])
                filled["value"] = given.get(name, default)
            case 3:
                chosen = [option["value"] for option in one["options"] if option["default"]]
                entered = given.get(name, chosen)
                # A model is chosen from the deployment's, and written where it has none.
                filled["values"] = [entered] if isinstance(entered, str) else entered
            case 4:
                filled["value"] = given.get(name, one.get("value", ""))
            case 23:
                filled["value"] = given.get(name, one["default"])
            case _:
                shown = [default["id"] for default in one.get("default_values", [])]
                filled["values"] = given.get(name, shown)
        labels.append({"type": 18, "component": filled})
    data = {"custom_id": form["custom_id"], "components": labels}
    return imagine() | {"type": 5, "member": MANAGER, "data": data}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_form_shows_the_settings_in_every_language(caller: Caller, locale: str) -> None:
    caller.guilds.set_settings(
        roles=("7",), channels=("8", "9"), safety="channel", spoiler=True, steps=9
    )
    form = opened(caller, locale)
    roles, channels, priority, level, spoiler = inputs_of(form)
    assert roles["default_values"] == [{"id": "7", "type": "role"}]
    assert [one["id"] for one in channels["default_values"]] == ["8", "9"]
    assert "default_values" not in priority
    assert [one["value"] for one in level["options"] if one["default"]] == ["channel"]
    assert spoiler["default"] is True


def test_a_form_that_is_submitted_as_it_was_opened_changes_nothing(caller: Caller) -> None:
    caller.guilds.set_settings(roles=ROLES, safety="channel", steps=9, blocklist=("cat",))
    before, _ = caller.guilds.settings("2000")
    form = opened(caller)
    assert len(inputs_of(form)[0]["default_values"]) == 25
    answer = caller.content(submission(form))
    assert is_ephemeral(answer["data"])
    after, version = caller.guilds.settings("2000")
    assert version == 2
    assert after.roles == ROLES, "those that the form cannot show stay, too"
    assert (after.safety, after.steps, after.blocklist) == ("channel", 9, before.blocklist)


def test_submitted_values_are_saved_audited_and_shown(caller: Caller) -> None:
    caller.guilds.set_settings(roles=("7",), priority_roles=("5",))
    payload = submission(opened(caller), roles=[], channels=["8"], level="channel", spoiler=True)
    answer = caller.content(payload)
    after, _ = caller.guilds.settings("2000")
    assert (after.roles, after.channels, after.priority_roles) == ((), ("8",), ("5",))
    assert (after.safety, after.spoiler) == ("channel", True)
    assert text_of(answer["data"]).startswith("Saved.\n**role**: everybody\n**channel**: <#8>")
    assert [one["action"] for one in caller.guilds.audited] == ["settings.form"]
    assert caller.content(payload) == answer, "delivered twice"
    assert len(caller.guilds.audited) == 1


def test_a_form_is_refused_when_somebody_changed_the_settings_since(caller: Caller) -> None:
    form = opened(caller)
    caller.guilds.set_settings(roles=("7",))
    answer = caller.content(submission(form, channels=["8"]))
    assert "Somebody else changed the settings" in text_of(answer["data"])
    assert caller.guilds.settings("2000")[0].channels == ()


@pytest.mark.parametrize("permissions", ["0", "8192"])
def test_only_who_manages_the_server_opens_and_submits_the_form(
    caller: Caller, permissions: str
) -> None:
    payload = submission(opened(caller), spoiler=True)
    member = MANAGER | {"user": {"id": "4000"}, "permissions": permissions}
    answer = caller.content(payload | {"member": member})
    assert "may manage this server" in text_of(answer["data"])
    assert caller.guilds.settings("2000")[0].spoiler is False


@pytest.mark.parametrize("level", ["", "none"])
def test_a_made_up_level_is_refused(caller: Caller, level: str) -> None:
    answer = caller.content(submission(opened(caller), level=level))
    assert is_ephemeral(answer["data"])
    assert caller.guilds.settings("2000")[1] == 0


CHOSEN: dict[str, dict[str, Any]] = {
    "limits": {
        "user_units": 12, "guild_units": 0, "cooldown_seconds": 30, "in_flight": 3, "max_side": 896,
    },
    "defaults": {"images": 2, "steps": 9, "guidance": 4.5, "size": "tall", "model": "old-model"},
}  # fmt: skip


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("about", FORMS)
def test_every_form_is_one_of_discords_in_every_language(
    caller: Caller, about: str, locale: str
) -> None:
    assert 1 <= len(inputs_of(opened(caller, locale, about))) <= 5
    caller.guilds.set_settings(**CHOSEN["limits"], **CHOSEN["defaults"])
    opened(caller, locale, about)


@pytest.mark.parametrize("about", CHOSEN)
def test_what_a_form_shows_is_saved_unchanged_and_nothing_else_changes(
    caller: Caller, about: str
) -> None:
    settings = CHOSEN["limits"] | CHOSEN["defaults"] | {"roles": ("7",), "spoiler": True}
    caller.guilds.set_settings(**settings)
    before, _ = caller.guilds.settings("2000")
    assert "Saved" in text_of(caller.content(submission(opened(caller, about=about)))["data"])
    assert caller.guilds.settings("2000") == (before, 2), "a model that is gone stays, too"


def test_values_are_entered_and_chosen_and_what_is_emptied_is_as_deployed(caller: Caller) -> None:
    caller.guilds.set_settings(**CHOSEN["limits"], **CHOSEN["defaults"])
    form = opened(caller, about="limits")
    caller.content(submission(form, user_units="40", cooldown="", jobs=["20"], max_side=" 512 "))
    after, _ = caller.guilds.settings("2000")
    assert (after.user_units, after.cooldown_seconds, after.in_flight, after.max_side) == (
        40, None, 20, 512,
    )  # fmt: skip
    assert after.steps == 9
    form = opened(caller, about="defaults")
    caller.content(submission(form, images=[], guidance="7,5", size=["wide"], model=[]))
    after, _ = caller.guilds.settings("2000")
    assert (after.images, after.steps, after.guidance, after.size, after.model) == (
        None, 9, 7.5, "wide", None,
    )  # fmt: skip
    assert [one.values for one in caller.guilds.changes] == [
        {
            "defaults.images": "—",
            "defaults.guidance": "7.5",
            "defaults.size": "wide",
            "defaults.model": "—",
        },
        {
            "limits.user_units": "40",
            "limits.cooldown": "—",
            "limits.jobs": "20",
            "limits.max_side": "512",
        },
    ]


@pytest.mark.parametrize(
    ("about", "given", "reason"),
    [
        ("limits", {"user_units": "many"}, "must be a whole number from 0 to 1000000"),
        ("limits", {"cooldown": "3601"}, "must be a whole number from 0 to 3600"),
        ("limits", {"jobs": ["21"]}, "must be a whole number from 1 to 20"),
        ("defaults", {"guidance": "30.5"}, "must be a number from 0 to 30"),
        ("defaults", {"size": ["round"]}, "is not one of the choices"),
        ("defaults", {"model": "dall-e"}, "no model of that name"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_and_nothing_is_saved(
    caller: Caller, about: str, given: dict[str, Any], reason: str
) -> None:
    answer = caller.content(submission(opened(caller, about=about), **given))
    assert reason in text_of(answer["data"])
    assert caller.guilds.settings("2000")[1] == 0


@pytest.mark.parametrize("custom_id", ["settings:0:9", "settings:x:0", "settings:0"])
def test_a_made_up_form_changes_nothing(caller: Caller, custom_id: str) -> None:
    payload = submission(opened(caller))
    payload["data"]["custom_id"] = custom_id
    caller.content(payload)
    assert caller.guilds.settings("2000")[1] == 0
