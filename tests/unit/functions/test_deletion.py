"""Delete asks once before it removes pictures."""

from typing import Any

import pytest

from discord_diffusion.texts.catalogue import LANGUAGES, say
from tests.unit.functions.conftest import Caller, imagine
from tests.unit.functions.test_record_visibility import add_record

MESSAGE = {"id": "5", "application_id": "1000", "components": []}


def delete(caller: Caller, kind: int, job_id: str, **more: Any) -> dict[str, Any]:
    """The response to a click (3) on Delete, or to its form (5)."""
    payload = {"type": kind, "message": MESSAGE, "data": {"custom_id": f"delete:{job_id}:0"}}
    content: dict[str, Any] = caller.content(imagine() | payload | more)
    return content


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_click_asks_and_only_the_form_removes(caller: Caller, locale: str) -> None:
    job_id = add_record(caller)
    asked = delete(caller, 3, job_id, locale=locale)
    assert asked["type"] == 9
    assert asked["data"]["title"] == say(locale, "modal.delete_title")
    [question] = asked["data"]["components"]
    assert question == {"type": 10, "content": say(locale, "delete.question")}
    done = delete(caller, 5, job_id, locale=locale)
    assert done["type"] == 7
    assert say(locale, "done.deleted", user="<@4000>") in str(done["data"]["components"])


def test_the_form_of_somebody_else_removes_nothing(caller: Caller) -> None:
    job_id = add_record(caller)
    stranger = {"user": {"id": "4444"}}
    for kind in (3, 5):
        refused = delete(caller, kind, job_id, member=stranger)
        assert refused["type"] == 4
        assert "Only who asked for it" in str(refused)


def test_everybody_reads_the_language_of_the_server_and_one_alone_their_own(
    caller: Caller,
) -> None:
    for private, language in ((False, "fr"), (True, "de")):
        payload = imagine(prompt="a red circle", private=private)
        caller.content(payload | {"locale": "de", "guild_locale": "fr"})
        assert caller.queue.jobs[-1].locale == language
    caller.content(imagine(prompt="a red circle") | {"locale": "de"})
    assert caller.queue.jobs[-1].locale == "de"
