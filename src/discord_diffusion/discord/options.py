"""The options of an interaction, checked against the command's own data.

Discord's clients check too; we do not rely on it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from discord_diffusion.discord.command_model import Option, OptionType
from discord_diffusion.jobs.refusal import Refusal

_TEXTS = (OptionType.STRING, OptionType.ATTACHMENT, OptionType.ROLE, OptionType.CHANNEL)


def checked(path: str, options: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every option of the command at `path`, None of one that is not given.

    Raises:
        Refusal: naming the option, by its path, and what is allowed.
    """
    return {one.name: _checked(f"{path}.{one.name}", one, given.get(one.name)) for one in options}


def _checked(path: str, option: Option, value: Any) -> Any:
    if value is None:
        if option.required:
            raise Refusal("option_missing", option=path)
        return None
    if option.type is OptionType.BOOLEAN:
        if not isinstance(value, bool):
            raise Refusal("option_boolean", option=path)
        return value
    return _text(path, option, value) if option.type in _TEXTS else _number(path, option, value)


def _text(path: str, option: Option, value: object) -> str:
    high = option.maximum or 100
    if not isinstance(value, str) or len(value) > high:
        raise Refusal("option_text", option=path, high=f"{high:.0f}")
    if option.choices and value not in {choice.value for choice in option.choices}:
        raise Refusal("option_choice", option=path)
    return value


def _number(path: str, option: Option, value: object) -> int | float:
    whole = option.type is OptionType.INTEGER
    low, high = option.minimum or 0, option.maximum or 0
    right = type(value) is int or (not whole and type(value) is float)
    if not right or not low <= value <= high:  # type: ignore[operator]  # right says that it is one
        kind = "option_whole" if whole else "option_number"
        raise Refusal(kind, option=path, low=f"{low:g}", high=f"{high:.0f}")
    return value  # type: ignore[return-value]  # as above
