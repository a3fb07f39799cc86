"""The parsers of messages that consist of components alone, and of the modals' newer inputs."""

from typing import Any

import pytest

from discord_stand_in.errors import InvalidFormError
from discord_stand_in.validation import messages
from discord_stand_in.validation.commands import command
from discord_stand_in.validation.files import is_allowed
from discord_stand_in.validation.layout import layout_components
from discord_stand_in.validation.modals import modal
from tests.unit.emulation.discord.test_message_parsers import accepts, button, menu, row

V2 = 1 << 15


def text(content: str = "x", **more: Any) -> dict[str, Any]:
    """A text display."""
    return {"type": 10, "content": content} | more


def container(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A container."""
    return {"type": 17, "components": list(components)} | more


def section(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A section with a button beside it."""
    return {"type": 9, "components": list(components), "accessory": button()} | more


def gallery(count: int = 1, **more: Any) -> dict[str, Any]:
    """A media gallery."""
    return {"type": 12, "items": [{"media": {"url": "https://x.test/a.png"}} | more] * count}


def file(url: str = "attachment://a.txt") -> dict[str, Any]:
    """A file."""
    return {"type": 13, "file": {"url": url}}


def errors(components: Any) -> str:
    """The codes that a list of components is refused with."""
    with pytest.raises(InvalidFormError) as caught:
        layout_components(components)
    return str(caught.value.tree)


@pytest.mark.parametrize(
    "components",
    [
        [text("x" * 4000)],
        [text("x" * 2000), container(text("x" * 2000))],
        [text() for _ in range(40)],
        [container(text(), section(text(), text(), text()), gallery(10), row(button("b")))],
        [section(text(), accessory={"type": 11, "media": {"url": "attachment://a.png"}})],
        [gallery(description="x" * 1024, spoiler=True)],
        [gallery(description=None)],
        [file(), {"type": 14, "divider": False, "spacing": 2}],
        [container(text(), accent_color=0xFFFFFF, spoiler=True)],
        [container(text(), accent_color=None)],
        [row(menu(min_values=0))],
    ],
)
def test_components_within_the_limits_are_accepted(components: Any) -> None:
    assert accepts(layout_components, components)


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([text("x" * 4001)], "BASE_TYPE_BAD_LENGTH"),
        ([text("")], "BASE_TYPE_BAD_LENGTH"),
        ([text("x" * 2000), container(text("x" * 2001))], "DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
        ([text() for _ in range(41)], "MAX_TOTAL_COMPONENTS_EXCEEDED"),
        ([container(*[text() for _ in range(40)])], "MAX_TOTAL_COMPONENTS_EXCEEDED"),
        ([container(container(text()))], "UNION_TYPE_CHOICES"),
        ([{"type": 99}], "must be one of (1, 9, 10, 12, 13, 14, 17)"),
        ([button()], "UNION_TYPE_CHOICES"),
        ([container()], "BASE_TYPE_MIN_LENGTH"),
        ([section()], "BASE_TYPE_BAD_LENGTH"),
        ([section(*[text()] * 4)], "BASE_TYPE_BAD_LENGTH"),
        ([section(gallery())], "UNION_TYPE_CHOICES"),
        ([section(text(), accessory=None)], "BASE_TYPE_REQUIRED"),
        ([section(text(), accessory=menu())], "UNION_TYPE_CHOICES"),
        ([gallery(0)], "BASE_TYPE_BAD_LENGTH"),
        ([gallery(11)], "BASE_TYPE_BAD_LENGTH"),
        ([gallery(description="x" * 1025)], "BASE_TYPE_MAX_LENGTH"),
        ([gallery(media={"url": "ftp://x.test/a.png"})], "URL_TYPE_INVALID_SCHEME"),
        ([file("https://x.test/a.txt")], "URL_TYPE_INVALID_SCHEME"),
        ([{"type": 14, "spacing": 3}], "BASE_TYPE_CHOICES"),
        ([container(text(), accent_color=0x1000000)], "NUMBER_TYPE_MAX"),
        ([row(button("b")), section(text(), accessory=button("b"))], "CUSTOM_ID_DUPLICATED"),
    ],
)
def test_components_that_discord_refuses_are_refused_with_its_code(
    components: Any, code: str
) -> None:
    assert code in errors(components)


def test_nested_components_without_an_id_are_numbered_in_order() -> None:
    parsed = layout_components([container(section(text(id=2)), row(button("b")))])
    inner = parsed[0]["components"]
    assert (parsed[0]["id"], inner[0]["id"], inner[1]["id"]) == (1, 3, 5)
    assert (inner[0]["components"][0]["id"], inner[0]["accessory"]["id"]) == (2, 4)
    assert inner[1]["components"][0]["id"] == 6


@pytest.mark.parametrize(
    ("legacy", "fits"),
    [
        ({}, True),
        ({"content": None, "embeds": []}, True),
        ({"content": "x"}, False),
        ({"embeds": [{"title": "x"}]}, False),
        ({"sticker_ids": ["1"]}, False),
        ({"poll": {}}, False),
    ],
)
def test_a_message_of_components_has_nothing_else(legacy: dict[str, Any], fits: bool) -> None:
    body = {"flags": V2, "components": [text()]} | legacy
    assert accepts(messages.interaction_message, body) is fits
    assert accepts(messages.bot_message, body) is fits
    edit = {"components": [text()]} | legacy
    assert accepts(lambda value: messages.edit(value, is_v2=True), edit) is fits


def test_a_message_without_the_flag_takes_action_rows_alone() -> None:
    with pytest.raises(InvalidFormError) as caught:
        messages.interaction_message({"content": "x", "components": [text()]})
    error = caught.value.tree["components"]["0"]["_errors"][0]
    assert error["code"] == "UNION_TYPE_CHOICES"
    assert error["message"] == 'Value of field "type" must be one of (1,).'


def field(component: dict[str, Any]) -> dict[str, Any]:
    """A modal with one label."""
    label = {"type": 18, "label": "L", "component": {"custom_id": "c"} | component}
    return {"custom_id": "m", "title": "T", "components": [label]}


def options(count: int, **more: Any) -> list[dict[str, Any]]:
    """Options of a group."""
    return [{"value": str(number), "label": str(number)} | more for number in range(count)]


@pytest.mark.parametrize(
    ("component", "fits"),
    [
        ({"type": 19}, True),
        ({"type": 19, "min_values": 0, "required": False, "max_values": 10}, True),
        ({"type": 19, "min_values": 0}, False),
        ({"type": 19, "max_values": 11}, False),
        ({"type": 19, "file_types": ["image", ".PDF"]}, True),
        ({"type": 19, "file_types": ["pictures"]}, False),
        ({"type": 19, "file_types": [".a"] * 11}, False),
        ({"type": 21, "options": options(2)}, True),
        ({"type": 21, "options": options(10, description="x" * 100, default=False)}, True),
        ({"type": 21, "options": options(1)}, False),
        ({"type": 21, "options": options(11)}, False),
        ({"type": 21, "options": options(1) * 2}, False),
        ({"type": 22, "options": options(1)}, True),
        ({"type": 22, "options": options(3), "min_values": 0, "required": False}, True),
        ({"type": 22, "options": options(3), "min_values": 0}, False),
        ({"type": 22, "options": options(0)}, False),
        ({"type": 22, "options": options(11)}, False),
        ({"type": 23, "default": True}, True),
        ({"type": 23, "default": "yes"}, False),
        ({"type": 6, "required": False, "min_values": 0, "max_values": 25}, True),
        ({"type": 6, "min_values": 0}, False),
        ({"type": 6, "disabled": True}, False),
        ({"type": 8, "default_values": [{"id": "1", "type": "channel"}]}, True),
        ({"type": 2, "style": 1, "label": "x"}, False),
    ],
)
def test_the_inputs_of_a_label_are_checked(component: dict[str, Any], fits: bool) -> None:
    assert accepts(modal, field(component)) is fits


def test_a_modal_may_have_text_between_its_labels() -> None:
    body = field({"type": 23})
    body["components"].append(text("**Note**"))
    assert accepts(modal, body)
    body["components"] += [text()] * 4
    assert not accepts(modal, body)


def test_attachment_options_filter_files_by_their_extension() -> None:
    option = {"name": "image", "description": "d", "type": 11, "file_types": ["image", ".HEIC"]}
    body = {"name": "imagine", "description": "d", "options": [option]}
    assert command(body)["options"][0]["file_types"] == ["image", ".heic"]
    assert not accepts(command, body | {"options": [option | {"type": 3}]})
    assert is_allowed("Cat.PNG", ["image"])
    assert is_allowed("cat.heic", ["image", ".heic"])
    assert not is_allowed("cat.pdf", ["image", ".heic"])
    assert is_allowed("cat.pdf", [])
