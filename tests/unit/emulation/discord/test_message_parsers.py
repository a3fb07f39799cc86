"""The parsers of messages, components, modals, embeds and mentions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_stand_in.errors import InvalidFormError
from discord_stand_in.state.attachments import safe_filename
from discord_stand_in.validation import messages
from discord_stand_in.validation.components import legacy_components
from discord_stand_in.validation.embeds import embeds
from discord_stand_in.validation.fields import Parser
from discord_stand_in.validation.messages import allowed_mentions, pings
from discord_stand_in.validation.modals import modal


def accepts(parse: Parser, value: Any) -> bool:
    """Whether a parser accepts a value."""
    try:
        parse(value)
    except InvalidFormError:
        return False
    return True


def button(name: str = "a", **more: Any) -> dict[str, Any]:
    """A button."""
    return {"type": 2, "style": 1, "label": "x", "custom_id": name} | more


def row(*components: dict[str, Any]) -> dict[str, Any]:
    """An action row."""
    return {"type": 1, "components": list(components)}


def menu(**more: Any) -> dict[str, Any]:
    """A string select menu."""
    options = [{"label": "a", "value": "a"}, {"label": "b", "value": "b"}]
    return {"type": 3, "custom_id": "m", "options": options} | more


def buttons(count: int, start: int = 0) -> list[dict[str, Any]]:
    """`count` buttons."""
    return [button(f"b{start + n}") for n in range(count)]


@pytest.mark.parametrize(
    "components",
    [
        [],
        [row(*buttons(5, 10 * n)) for n in range(5)],
        [row(menu())],
        [row(button(custom_id="x" * 100, label="x" * 80))],
        [row({"type": 2, "style": 5, "label": "x", "url": "https://x.test"})],
        [row(button(label="", emoji={"name": "🎨"}))],
        [row({"type": kind, "custom_id": "s"}) for kind in (5,)],
        [row({"type": 8, "custom_id": "s", "channel_types": [0]})],
        [row(menu(min_values=0, max_values=2))],
    ],
)
def test_components_within_the_limits_are_accepted(components: Any) -> None:
    assert accepts(legacy_components, components)


@pytest.mark.parametrize(
    "components",
    [
        [row(button("n"))] * 2,
        [row(*buttons(6))],
        [row(*buttons(1, n)) for n in range(6)],
        [row(menu(), button())],
        [row()],
        [button()],
        [row(button(custom_id=""))],
        [row(button(custom_id="x" * 101))],
        [row(button(label="x" * 81))],
        [row(button(label=""))],
        [row(button(style=7))],
        [row(button(url="https://x.test"))],
        [row({"type": 2, "style": 5, "label": "x"})],
        [row({"type": 2, "style": 5, "label": "x", "url": "javascript:x"})],
        [row({"type": 2, "style": 1, "label": "x"})],
        [row({"type": 4, "custom_id": "x", "style": 1, "label": "x"})],
        [row(menu(options=[]))],
        [row(menu(options=[{"label": "a", "value": "a"}] * 2))],
        [row(menu(options=[{"label": str(n), "value": str(n)} for n in range(26)]))],
        [row(menu(max_values=3))],
        [row(menu(min_values=2, max_values=1))],
        [row(menu(placeholder="x" * 151))],
        [{"type": 99}],
        [{}],
        "x",
    ],
)
def test_components_that_discord_refuses_are_refused(components: Any) -> None:
    assert not accepts(legacy_components, components)


def test_components_without_an_id_are_numbered_in_order() -> None:
    parsed = legacy_components([row(button("a", id=2), button("b"))])
    assert parsed[0]["id"] == 1
    assert [component["id"] for component in parsed[0]["components"]] == [2, 3]


def text_input(**more: Any) -> dict[str, Any]:
    """A modal's input."""
    return {"type": 4, "custom_id": "t", "style": 1, "label": "x"} | more


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        ({"components": [row(text_input(custom_id=str(n))) for n in range(5)]}, True),
        ({"components": [row(text_input(custom_id=str(n))) for n in range(6)]}, False),
        ({"components": []}, False),
        ({"components": [row(text_input()), row(text_input())]}, False),
        ({"components": [row(button())]}, False),
        ({"components": [row(text_input(max_length=4001))]}, False),
        ({"components": [row(text_input(min_length=5, max_length=2))]}, False),
        ({"components": [row(text_input(label="x" * 46))]}, False),
        ({"title": "x" * 46}, False),
        ({"custom_id": "x" * 101}, False),
        ({"components": [{"type": 18, "label": "L", "component": menu()}]}, True),
        ({"components": [{"type": 18, "label": "L", "component": button()}]}, False),
    ],
)
def test_a_modal_has_a_title_and_one_to_five_inputs(data: dict[str, Any], fits: bool) -> None:
    base = {"custom_id": "m", "title": "T", "components": [row(text_input())]}
    assert accepts(modal, base | data) is fits


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ([{"description": "x" * 4096}], True),
        ([{"description": "x" * 4097}], False),
        ([{"description": "x" * 3000}, {"description": "x" * 3000}], True),
        ([{"description": "x" * 3000}, {"description": "x" * 3001}], False),
        ([{"title": "x"}] * 10, True),
        ([{"title": "x"}] * 11, False),
        ([{}], False),
        ([{"title": "x" * 257}], False),
        ([{"fields": [{"name": "n", "value": "v"}] * 25}], True),
        ([{"fields": [{"name": "n", "value": "v"}] * 26}], False),
        ([{"fields": [{"name": "n"}]}], False),
        ([{"title": "x", "color": 0x1000000}], False),
        ([{"title": "x", "timestamp": "2024-01-01T00:00:00Z"}], True),
        ([{"title": "x", "timestamp": "yesterday"}], False),
        ([{"image": {"url": "attachment://a.png"}}], True),
        ([{"title": "x", "url": "attachment://a.png"}], False),
        ([{"footer": {"text": "x" * 2049}}], False),
    ],
)
def test_embeds_are_checked_against_their_limits(value: Any, fits: bool) -> None:
    assert accepts(embeds, value) is fits


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ({"parse": []}, True),
        ({"parse": ["users", "roles", "everyone"]}, True),
        ({"parse": ["users"], "users": ["1"]}, False),
        ({"parse": ["everyone"], "users": ["1"]}, True),
        ({"users": [str(n) for n in range(101)]}, False),
        ({"parse": "users"}, False),
    ],
)
def test_allowed_mentions_cannot_both_parse_and_list_ids(value: Any, fits: bool) -> None:
    assert accepts(allowed_mentions, value) is fits


TEXT = "@everyone <@123456789012345678> <@!123456789012345679> <@&123456789012345670> @here"


def test_allowed_mentions_decide_who_is_notified() -> None:
    users = ["123456789012345678", "123456789012345679"]
    role = ["123456789012345670"]
    assert pings(TEXT, None) == {"everyone": True, "users": users, "roles": role}
    assert pings(TEXT, {"parse": []}) == {"everyone": False, "users": [], "roles": []}
    only = pings(TEXT, {"parse": ["roles"], "users": users[:1]})
    assert only == {"everyone": False, "users": users[:1], "roles": role}


@given(st.text())
def test_nobody_is_notified_if_parse_is_empty(text: str) -> None:
    assert pings(text, {"parse": []}) == {"everyone": False, "users": [], "roles": []}


@pytest.mark.parametrize(("flags", "fits"), [(0, True), (64, True), (4, True), (128, False)])
def test_only_the_flags_of_a_follow_up_may_be_set(flags: int, fits: bool) -> None:
    assert accepts(messages.interaction_message, {"content": "x", "flags": flags}) is fits
    assert accepts(messages.webhook_message, {"content": "x", "flags": 64}) is False


@given(st.text(max_size=300))
def test_a_safe_filename_has_no_folder(name: str) -> None:
    safe = safe_filename(name)
    assert 1 <= len(safe) <= 255
    assert not {"/", "\\", "\0", " ", "?", "#"} & set(safe)
