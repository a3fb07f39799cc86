"""The commands as registered keep Discord's limits; a custom_id is read back as it was written."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.discord.components import CUSTOM_ID_LENGTH, CustomId
from discord_diffusion.discord.errors import InvalidCustomIdError
from infra.deploy.registration import registration
from tests.unit import command_limits


def option_lists(command: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The options of a command and of its sub-commands."""
    own = command.get("options", [])
    return [own, *(one["options"] for one in own if one["type"] == 1)]


def test_every_command_keeps_discords_limits() -> None:
    for command in registration():
        for options in option_lists(command):
            assert len(options) <= command_limits.COMMAND_OPTIONS
            needed = [one.get("required", False) for one in options]
            assert needed == sorted(needed, reverse=True), "required options come first"
            assert len({one["name"] for one in options}) == len(options)
            assert all(
                len(one.get("choices", [])) <= command_limits.COMMAND_CHOICES for one in options
            )
        named = [one for options in option_lists(command) for one in options]
        for one in [command, *named] if command["type"] == 1 else named:
            assert re.fullmatch(command_limits.COMMAND_NAME, one["name"])
            assert one["name"] == one["name"].lower()
            low, high = command_limits.COMMAND_DESCRIPTION_LENGTH
            assert low <= len(one["description"]) <= high
        texts = re.findall(r'"(?:name|description|value)": "([^"]*)"', json.dumps(command))
        assert sum(map(len, texts)) <= command_limits.COMMAND_CHARACTERS


@given(
    st.from_regex(r"[a-z_]{1,32}", fullmatch=True),
    st.integers(0, 2**64 - 1).map(str),
    st.integers(0, 99),
)
def test_a_custom_id_is_read_back_as_it_was_written(verb: str, job_id: str, index: int) -> None:
    custom_id = CustomId(verb, job_id, index)
    assert CustomId.decode(custom_id.encode()) == custom_id
    assert len(custom_id.encode()) <= CUSTOM_ID_LENGTH[1]


@given(st.text(max_size=120))
def test_a_foreign_custom_id_is_refused_or_means_itself(text: str) -> None:
    try:
        decoded = CustomId.decode(text)
    except InvalidCustomIdError:
        return
    assert CustomId.decode(decoded.encode()) == decoded


def test_a_custom_id_that_could_not_be_read_back_is_not_written() -> None:
    with pytest.raises(InvalidCustomIdError):
        CustomId("re:roll", "1").encode()
