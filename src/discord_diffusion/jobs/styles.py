"""Styles: named templates around the prompts of a request, with parameters that suit them. Pure.

The operator's are in the setting STYLES, a JSON object: name -> {"prompt": ..., and other fields of
`Style` but its name}. A guild has its own beside them. A job carries its whole style, so a picture
can be drawn again after its style was changed or removed.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from discord_diffusion.jobs.parameters import Style

MOST_STYLES = 25
"""Of a deployment."""
GUILD_STYLES = 10
"""Of a guild: its settings are read with each request."""


def parse(text: str) -> Mapping[str, Style]:
    """Read the JSON of STYLES.

    Raises:
        ValueError: naming the style, the field and what is allowed.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("a JSON object is needed") from error
    if not isinstance(content, dict):
        raise ValueError("a JSON object of styles by name is needed")
    if len(content) > MOST_STYLES:
        raise ValueError(f"{len(content)} styles, at most {MOST_STYLES} are allowed")
    return MappingProxyType({name: _style(name, value) for name, value in content.items()})


def _style(name: str, content: Any) -> Style:
    if not isinstance(content, dict):
        raise ValueError(f"{name} is not an object")
    if "name" in content:
        raise ValueError(f"{name} has no field 'name'")
    unset = {field.name: field.default for field in fields(Style)}
    return Style.read(unset | content | {"name": name}, name)


def with_style(styles: tuple[Style, ...], added: Style) -> tuple[Style, ...]:
    """Styles with one more, in place of that of the same name."""
    return (*without_style(styles, added.name), added)


def without_style(styles: tuple[Style, ...], name: str) -> tuple[Style, ...]:
    """Styles without the one of that name."""
    return tuple(style for style in styles if style.name != name)
