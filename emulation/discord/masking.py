"""Hides tokens in paths before they are logged or shown."""

import re

_TOKEN = re.compile(r"(/(?:webhooks|interactions)/[^/]+/)[^/?]+")


def mask_path(path: str) -> str:
    """The path with the token of a webhook or an interaction hidden."""
    return _TOKEN.sub(r"\1***", path)
