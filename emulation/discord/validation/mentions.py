"""Allowed mentions, and who a message would notify.

Contract: https://docs.discord.com/developers/resources/message#allowed-mentions-object
"""

import re

from emulation.discord.json_types import Json
from emulation.discord.validation.fields import (
    Field,
    boolean,
    fault,
    list_of,
    model,
    one_of,
    snowflake,
    string,
)

_KINDS = ("roles", "users", "everyone")
_IDS = 100
_USER = re.compile(r"<@!?([0-9]{15,20})>")
_ROLE = re.compile(r"<@&([0-9]{15,20})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")


def _exclusive(value: Json) -> None:
    for kind in ("users", "roles"):
        if kind in value.get("parse", []) and value.get(kind):
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            raise fault("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


allowed_mentions = model(
    {
        "parse": Field(list_of(one_of(_KINDS, string()))),
        "users": Field(list_of(snowflake, maximum=_IDS)),
        "roles": Field(list_of(snowflake, maximum=_IDS)),
        "replied_user": Field(boolean),
    },
    _exclusive,
)
"""Parser of the allowed mentions object."""


def pings(content: str, allowed: Json | None) -> Json:
    """Who `content` notifies: `everyone`, `users` and `roles`; without `allowed`, all it names."""
    parse = list(_KINDS) if allowed is None else allowed.get("parse", [])
    named = allowed or {}
    users = list(dict.fromkeys(_USER.findall(content)))
    roles = list(dict.fromkeys(_ROLE.findall(content)))
    return {
        "everyone": "everyone" in parse and _EVERYONE.search(content) is not None,
        "users": [one for one in users if "users" in parse or one in named.get("users", [])],
        "roles": [one for one in roles if "roles" in parse or one in named.get("roles", [])],
    }


def mentioned_users(content: str) -> list[str]:
    """The ids of the users a text names, whether or not they are notified."""
    return list(dict.fromkeys(_USER.findall(content)))
