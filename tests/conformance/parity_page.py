"""The page docs/stand-in-parity.md: what Discord documents, and what of it the stand-in has.

`python -m tests.conformance.parity_page` writes it, from the stand-in's own tables and the names in
fixtures/discord/documented.json.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from types import ModuleType

from fastapi.routing import APIRoute

from discord_stand_in import component_tree, errors, gateway_limits, rate_limits
from discord_stand_in.app import DISCORD_ROUTES
from discord_stand_in.config import API, Limits
from discord_stand_in.errors import ErrorType
from discord_stand_in.gateway_protocol import CLOSE_CODES, EVENTS, Intent, Opcode
from discord_stand_in.json_types import Json
from discord_stand_in.webhook_events import EVENT_TYPES
from toolchain.layout import Layout

ROOT = Layout.of_this_checkout().root
PAGE = ROOT / "docs" / "stand-in-parity.md"
DOCUMENTED = ROOT / "fixtures" / "discord" / "documented.json"
TESTS = "tests/integration/standin"

TESTED_IN = {
    "applications": "test_interactions_endpoint",
    "callbacks": "test_interaction_callbacks",
    "channels": "test_channels_api",
    "commands": "test_command_registration",
    "gateway": "test_gateway",
    "guilds": "test_reactions_and_pins",
    "monetization": "test_entitlements",
    "pins": "test_reactions_and_pins",
    "reactions": "test_reactions_and_pins",
    "webhooks": "test_webhooks_api",
}
"""The module of `TESTS` that tests the routes of a module of `discord_stand_in.routes`."""

_INTRODUCTION = """# The stand-in beside Discord's documentation

This page is written by `make pages`, from the stand-in's own tables and from the names that
[Discord's documentation]({source}) lists.
"yes" means that the stand-in acts as documented, as far as it is tested: an endpoint in the module
of `tests/integration/standin` that is named, everything else in the modules whose names begin with
`test_gateway`, `test_layout` and `test_component`. discord.py, py-cord, nextcord, interactions.py,
hikari, discord.js and discord-webhook run against it in `tests/conformance/discord`.
Nothing here has been compared with Discord itself.
"""


def page() -> str:
    """The page's Markdown."""
    documented: Json = json.loads(DOCUMENTED.read_text("utf-8"))
    sections = (
        ("Endpoints", _endpoints(documented["endpoints"])),
        ("Events of the Gateway", _events(documented["events"])),
        ("Opcodes", _numbers("opcode", documented["opcodes"], set(Opcode))),
        ("Close codes", _close_codes(documented["close_codes"])),
        ("Webhook events", _table(("event",), ((f"`{name}`",) for name in EVENT_TYPES))),
        ("Components", _numbers("component", documented["components"], _components())),
        ("Limits", _limits()),
        ("Errors", _errors()),
    )
    text = _INTRODUCTION.format(source=documented["source"])
    return text + "".join(f"\n## {title}\n\n{table}" for title, table in sections)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _routes() -> Iterator[tuple[str, str, ModuleType]]:
    """The method, the path and the module of each route of Discord's API."""
    for module in DISCORD_ROUTES:
        for route in module.router.routes:
            if isinstance(route, APIRoute) and route.path.startswith(API):
                for method in route.methods or ():
                    yield method, route.path.removeprefix(API), module


def _is_same(documented: str, own: str) -> bool:
    """Whether two paths are the same; an own parameter also takes names such as `@original`."""
    pairs = list(zip(documented.split("/"), own.split("/"), strict=False))
    if documented.count("/") != own.count("/"):
        return False
    return all(
        ("{" in one and "{" in other) or one == other or (one.startswith("@") and "{" in other)
        for one, other in pairs
    )


def _endpoints(documented: dict[str, str]) -> str:
    """Each documented path with its methods, those that are there and those that are not."""
    own = list(_routes())
    rows = []
    for path, methods in documented.items():
        found = {method: module for method, other, module in own if _is_same(path, other)}
        there = [method for method in methods.split() if method in found]
        missing = [method for method in methods.split() if method not in found]
        modules = {found[method].__name__.rpartition(".")[2] for method in there}
        tests = sorted({f"`{TESTED_IN[module]}`" for module in modules})
        rows.append((f"`{path}`", ", ".join(there), ", ".join(missing), ", ".join(tests)))
    return _table(("path", "yes", "no", "tested in"), rows)


def _events(documented: list[str]) -> str:
    """Each documented event, with the intents that it needs in a guild and in a DM."""
    sent_to_each = ("READY", "RESUMED")

    def intents(name: str) -> str:
        needed = EVENTS.get(name)
        found = [] if needed is None else [needed.in_guild, needed.in_dm]
        return ", ".join(f"`{one.name}`" for one in found if isinstance(one, Intent))

    return _table(
        ("event", "there", "intents"),
        (
            (f"`{name}`", "yes" if name in EVENTS or name in sent_to_each else "no", intents(name))
            for name in documented
        ),
    )


def _numbers(what: str, documented: dict[str, int], own: set[int]) -> str:
    """Each documented name with its number."""
    return _table(
        ("number", what, "there"),
        (
            (str(number), name, "yes" if number in own else "no")
            for name, number in documented.items()
        ),
    )


def _close_codes(documented: dict[str, int]) -> str:
    own = {code.number: code for code in CLOSE_CODES}
    rows = []
    for name, number in documented.items():
        code = own.get(number)
        again = "" if code is None else "yes" if code.may_reconnect else "no"
        rows.append((str(number), name, "no" if code is None else "yes", again))
    return _table(("number", "meaning", "there", "may connect again"), rows)


def _components() -> set[int]:
    """The types of component that the stand-in knows."""
    names = {name: value for name, value in vars(component_tree).items() if name.isupper()}
    return {value for value in names.values() if isinstance(value, int)}


def _limits() -> str:
    rows = [(f"`{one.name}`", f"{one.default:,}") for one in fields(Limits)]
    rows += [
        (f"requests to `{one.name}` routes", f"{one.limit} in {one.seconds:g} s")
        for one in rate_limits.ROUTE_LIMITS
    ]
    number, seconds = gateway_limits.PAYLOADS
    rows += [
        ("payloads that a client of the Gateway sends", f"{number} in {seconds:g} s"),
        ("sessions that start at once", str(gateway_limits.MAX_CONCURRENCY)),
    ]
    return _table(("limit", "value"), rows)


def _errors() -> str:
    """Every error of the API that has a code."""
    known = [value for value in vars(errors).values() if isinstance(value, ErrorType)]
    known.append(errors.too_many_commands(100))
    rows = sorted((one.code, one.status, one.message) for one in known if one.code)
    return _table(
        ("code", "status", "text"), ((str(code), str(status), text) for code, status, text in rows)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
