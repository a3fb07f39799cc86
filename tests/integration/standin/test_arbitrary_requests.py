"""Arbitrary requests get responses that Discord would give: never a 5xx."""

import asyncio
import copy
import json
import os
from dataclasses import dataclass, field
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.standin_in_process import (
    ADA,
    DM,
    GUILD,
    PICTURES,
    THREAD,
    WEBHOOK,
    StandIn,
    message,
    running,
)

# How many requests one run of the test sends.
TOTAL = int(os.environ.get("STANDIN_REQUESTS", "5000"))
BATCH = 50

HOOK = "{hook}"
_IDS = [PICTURES, DM, THREAD, ADA, GUILD, "1", "9" * 30, "x", "@me", "@original", "%00", "-1", "٣"]
_APPLICATION = "1200000000000000001"

_ROUTES = [
    ("GET PATCH", "/api/v10/applications/@me"),
    ("GET PUT POST", "/api/v10/applications/{id}/commands"),
    ("GET PUT PUT PUT POST POST POST", f"/api/v10/applications/{_APPLICATION}/commands"),
    ("GET PATCH DELETE", f"/api/v10/applications/{_APPLICATION}/commands/{{id}}"),
    ("GET PUT POST", f"/api/v10/applications/{_APPLICATION}/guilds/{GUILD}/commands"),
    ("GET PATCH", f"/api/v10/applications/{_APPLICATION}/guilds/{{id}}/commands/{{id}}"),
    ("POST", "/api/v10/interactions/{id}/{id}/callback"),
    ("GET", "/api/v10/webhooks/{id}"),
    ("GET POST", "/api/v10/webhooks/{id}/{id}"),
    ("GET POST POST POST", WEBHOOK),
    ("GET PATCH DELETE", WEBHOOK + "/messages/{id}"),
    ("GET POST POST POST", HOOK),
    ("GET PATCH PATCH PATCH PATCH DELETE", HOOK + "/messages/@original"),
    ("GET PATCH DELETE", HOOK + "/messages/{id}"),
    ("GET", "/api/v10/channels/{id}"),
    ("GET POST", "/api/v10/channels/{id}/webhooks"),
    ("POST", "/api/v10/channels/{id}/typing"),
    ("GET POST POST POST", f"/api/v10/channels/{PICTURES}/messages"),
    ("GET PATCH DELETE", f"/api/v10/channels/{PICTURES}/messages/{{id}}"),
    ("GET", "/api/v10/users/{id}"),
    ("POST", "/api/v10/users/@me/channels"),
    ("GET", "/api/v10/guilds/{id}"),
    ("GET", "/api/v10/guilds/{id}/members"),
    ("GET", f"/api/v10/guilds/{GUILD}/members/{{id}}"),
    ("GET", f"/api/v10/guilds/{GUILD}/members/search"),
    ("GET", "/api/v10/channels/{id}/pins"),
    ("PUT DELETE", f"/api/v10/channels/{PICTURES}/messages/pins/{{id}}"),
    ("POST", f"/api/v10/channels/{PICTURES}/messages/bulk-delete"),
    ("GET PUT DELETE", f"/api/v10/channels/{PICTURES}/messages/{{id}}/reactions/{{id}}"),
    ("GET POST", f"/api/v10/applications/{_APPLICATION}/entitlements"),
    ("GET DELETE", f"/api/v10/applications/{_APPLICATION}/entitlements/{{id}}"),
    ("POST", "/control/gateway/close"),
    ("POST", "/control/gateway/invalidate"),
    ("POST", "/control/skus"),
    ("POST", "/control/entitlements"),
    ("POST", "/control/authorizations"),
    ("GET", "/attachments/{id}/{id}/a.png"),
    ("POST", "/control/interactions"),
    ("GET", "/control/interactions/{id}"),
    ("POST", "/control/interactions/{id}/redeliver"),
    ("POST", "/control/timeline/{id}"),
    ("POST", "/control/attachments"),
    ("GET PUT", "/control/chaos"),
    ("GET POST", "/control/probes"),
    ("GET PUT", "/control/rate-limits"),
    ("GET", "/control/snapshot"),
    ("GET PUT POST PATCH DELETE", "/{id}"),
]
_METHODS = [(method, path) for methods, path in _ROUTES for method in methods.split()]

_ROW = {"type": 1, "components": [{"type": 2, "style": 1, "label": "U", "custom_id": "u:1"}]}
_MENU = {
    "type": 1,
    "components": [
        {
            "type": 3,
            "custom_id": "m",
            "min_values": 1,
            "max_values": 2,
            "options": [{"label": "a", "value": "a"}, {"label": "b", "value": "b"}],
        }
    ],
}
_MESSAGE = {
    "content": "Hello",
    "flags": 0,
    "tts": False,
    "nonce": 1,
    "embeds": [
        {
            "title": "t",
            "description": "d",
            "url": "https://x.test",
            "timestamp": "2024-01-01T00:00:00Z",
            "color": 5,
            "footer": {"text": "f", "icon_url": "https://x.test"},
            "image": {"url": "attachment://a.png"},
            "author": {"name": "a"},
            "fields": [{"name": "n", "value": "v", "inline": True}],
        }
    ],
    "components": [_ROW, _MENU],
    "allowed_mentions": {"parse": ["users"], "roles": [ADA], "replied_user": True},
    "attachments": [{"id": 0, "filename": "a.png", "description": "d"}],
    "message_reference": {"message_id": ADA, "fail_if_not_exists": False},
}
_COMMAND = {
    "name": "imagine",
    "type": 1,
    "description": "d",
    "name_localizations": {"de": "bild"},
    "options": [
        {
            "type": 3,
            "name": "prompt",
            "description": "d",
            "required": True,
            "min_length": 1,
            "max_length": 5,
        },
        {
            "type": 4,
            "name": "steps",
            "description": "d",
            "min_value": 1,
            "max_value": 5,
            "choices": [{"name": "one", "value": 1}],
        },
    ],
    "contexts": [0, 1],
    "integration_types": [0],
    "default_member_permissions": "8",
    "nsfw": False,
}
_GROUPED = _COMMAND | {
    "options": [
        {
            "type": 2,
            "name": "group",
            "description": "d",
            "options": [{"type": 1, "name": "sub", "description": "d", "options": []}],
        }
    ]
}
_MODAL = {
    "custom_id": "m",
    "title": "T",
    "components": [
        {"type": 1, "components": [{"type": 4, "custom_id": "t", "style": 1, "label": "x"}]}
    ],
}
_SEEDS: list[Any] = [
    _MESSAGE,
    _COMMAND,
    [_COMMAND, _GROUPED],
    {"type": 4, "data": _MESSAGE},
    {"type": 9, "data": _MODAL},
    {"type": 8, "data": {"choices": [{"name": "a", "value": "a"}]}},
    {"interactions_endpoint_url": "https://x.test/", "description": "d"},
    {"recipient_id": ADA},
    {"name": "hook"},
    {"messages": [ADA, PICTURES]},
    {"sku_id": ADA, "owner_id": ADA, "owner_type": 2},
    {"event_webhooks_url": "https://x.test", "event_webhooks_types": [], "flags": 1},
    {"session_id": "x", "code": 4000},
    {"command": "imagine", "options": {"prompt": "x"}, "channel_id": PICTURES, "raw": {}},
    {"command": "a b", "options": {"x": 1}, "focused": "x", "guild_id": None},
    {"command": "Vary", "command_type": 2, "target_id": ADA, "locale": "de"},
    {"faults": {"early_404": {"probability": 0.0, "count": 1}}},
    {"name": "leased", "at": 1.0, "detail": {}},
    {"enabled": False},
]

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["", "x" * 2_001, "\x00", "https://", "http://[", ADA, "2", "\ud800"])
)
_VALUES = _SCALARS | st.just([]) | st.just({}) | st.just([{}]) | st.just({"type": 99})


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every part of a value."""
    found = [path]
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, part in parts:
        found += _places(part, (*path, key))
    return found


# The bodies that fit a path, by a part of the path; any other path gets all of them.
_FITTING = {
    "/control/interactions": [
        body for body in _SEEDS if isinstance(body, dict) and "command" in body
    ],
    "/commands": [_COMMAND, _GROUPED, [_COMMAND, _GROUPED]],
    HOOK: [_MESSAGE],
    WEBHOOK: [_MESSAGE],
    "/messages": [_MESSAGE],
}


def _seeds(path: str) -> list[Any]:
    return next((seeds for part, seeds in _FITTING.items() if part in path), _SEEDS)


@st.composite
def _nearly_valid(draw: st.DrawFn, path_of_request: str) -> Any:
    """A valid body with up to two parts changed, repeated or removed."""
    fits = draw(st.integers(0, 3)) > 0
    seed = draw(st.sampled_from(_seeds(path_of_request) if fits else _SEEDS))
    places = _places(seed)
    body = copy.deepcopy(seed)
    for path in draw(st.lists(st.sampled_from(places), max_size=2)):
        if not path:
            continue
        parent = body
        try:
            for key in path[:-1]:
                parent = parent[key]
            if draw(st.booleans()):
                parent[path[-1]] = copy.deepcopy(draw(_VALUES))
            elif isinstance(parent, list):
                parent.extend(copy.deepcopy(parent[:1]) * 12)
            else:
                del parent[path[-1]]
        except (KeyError, IndexError, TypeError):
            continue  # An earlier change removed this part.
    return body


@dataclass(frozen=True)
class Call:
    """A request."""

    method: str
    path: str
    content: bytes = field(repr=False)
    headers: dict[str, str]


_QUERIES = st.sampled_from(
    ["", "", "", "?wait=true", "?wait=x", f"?thread_id={THREAD}", "?thread_id=x", "?limit=5",
     "?limit=0", f"?before={ADA}", "?with_response=1", "?filename=../x", "?ex=1&is=2&hm=é"]
)  # fmt: skip


@st.composite
def _calls(draw: st.DrawFn) -> Call:
    method, path = draw(st.sampled_from(_METHODS))
    while "{id}" in path:
        path = path.replace("{id}", draw(st.sampled_from(_IDS)), 1)
    content, kind = draw(_bodies(path))
    return Call(method, path + draw(_QUERIES), content, {"Content-Type": kind} if kind else {})


@st.composite
def _bodies(draw: st.DrawFn, path: str) -> tuple[bytes, str]:
    """A body and its Content-Type."""
    style = draw(st.integers(0, 9))
    if style == 0:
        return draw(st.binary(max_size=20)), draw(
            st.sampled_from(["application/json", "multipart/form-data; boundary=x", "text/x", ""])
        )
    text = json.dumps(draw(_nearly_valid(path))).encode()
    if style > 2:
        return text, "application/json"
    name = draw(st.sampled_from([b"files[0]", b"files[99]", b"file", b"files[x]", b"payload_json"]))
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n' + text,
        b'--b\r\nContent-Disposition: form-data; name="' + name + b'"; filename="a.png"\r\n\r\nx',
        b"--b--\r\n",
    ]
    return b"\r\n".join(parts), "multipart/form-data; boundary=b"


async def _make(standin: StandIn, calls: list[Call]) -> list[tuple[Call, httpx.Response]]:
    """Send them one after the other, into interactions that are still open."""
    _, hook = await standin.answered_interaction(components=[_ROW])
    made = []
    for call in calls:
        response = await standin.bot.request(
            call.method,
            call.path.replace(HOOK, hook),
            content=call.content,
            headers=call.headers,
        )
        made.append((call, response))
        if standin.backend.endpoint.url is None:
            standin.backend.endpoint.url = "http://application.test/"
        standin.application.reply = lambda _payload: message()
    return made


def _is_discords_error(response: httpx.Response) -> bool:
    body = response.json()
    return isinstance(body.get("code"), int) and isinstance(body.get("message"), str)


def test_no_request_breaks_the_stand_in() -> None:
    count = 0
    with asyncio.Runner() as runner:
        opened = running()
        standin = runner.run(opened.__aenter__())

        @settings(
            max_examples=TOTAL // BATCH,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(_calls(), min_size=BATCH, max_size=BATCH))
        def every_response_is_one_of_discord(calls: list[Call]) -> None:
            nonlocal count
            for call, response in runner.run(_make(standin, calls)):
                count += 1
                assert response.status_code < 500, (call, response.text)
                if response.is_error and call.path.startswith("/api/"):
                    assert _is_discords_error(response), (call, response.text)

        try:
            every_response_is_one_of_discord()
        finally:
            runner.run(opened.__aexit__(None, None, None))
    assert count >= TOTAL
