"""docs/stand-in-parity.md is what the stand-in's tables say, and names tests that exist."""

from discord_stand_in.gateway_protocol import EVENTS
from tests.conformance import parity_page as parity
from toolchain.layout import Layout

TESTS = Layout.of_this_checkout().root / parity.TESTS


def test_the_page_is_up_to_date() -> None:
    assert parity.PAGE.read_text() == parity.page()


def test_every_module_of_routes_is_tested_where_the_page_says() -> None:
    modules = {module.__name__.rpartition(".")[2] for _, _, module in parity._routes()}
    assert modules == parity.TESTED_IN.keys()
    for name in parity.TESTED_IN.values():
        assert (TESTS / f"{name}.py").is_file()


def test_every_event_of_the_gateway_is_awaited_by_a_test() -> None:
    text = "".join(path.read_text() for path in TESTS.glob("test_*.py"))
    assert [name for name in EVENTS if f'"{name}"' not in text] == []


def test_a_parameter_is_no_name_and_a_name_no_parameter() -> None:
    assert parity._is_same("/guilds/{guild_id}/roles/{role_id}", "/guilds/{id}/roles/{role_id}")
    assert parity._is_same("/webhooks/{a}/{b}/messages/@original", "/webhooks/{a}/{b}/messages/{c}")
    assert not parity._is_same("/guilds/{guild_id}/roles/member-counts", "/guilds/{id}/roles/{r}")
    assert not parity._is_same("/guilds/{guild_id}", "/guilds/{guild_id}/roles")
