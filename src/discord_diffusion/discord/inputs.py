"""The inputs of a form, each in a label.

https://docs.discord.com/developers/components/reference#label
"""

from discord_diffusion.discord.layout import Component

INPUT_LENGTH = 4000
"""The most characters of a text input; counted in UTF-16 units, as Discord's clients count."""
_TEXT_INPUT = 4
_LABEL = 18
_SHORT, _PARAGRAPH = 1, 2


def label(title: str, component: Component, description: str = "") -> Component:
    """An input below its name (at most 45 characters) and a description (100)."""
    found: Component = {"type": _LABEL, "label": title, "component": component}
    return found | ({"description": description} if description else {})


def text_input(
    name: str,
    value: str,
    *,
    paragraph: bool = False,
    required: bool = False,
    longest: int = INPUT_LENGTH,
) -> Component:
    """An input for a text of one line, or of a paragraph."""
    found: Component = {
        "type": _TEXT_INPUT,
        "custom_id": name,
        "style": _PARAGRAPH if paragraph else _SHORT,
        "required": required,
        "max_length": longest,
    }
    return found | ({"value": value} if value else {})
