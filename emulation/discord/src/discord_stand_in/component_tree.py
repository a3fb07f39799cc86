"""Components as a tree: their types, and what is found in them.

Contract: https://docs.discord.com/developers/components/reference
"""

from collections.abc import Iterable, Iterator

from discord_stand_in.json_types import Json

ACTION_ROW = 1
BUTTON = 2
STRING_SELECT = 3
TEXT_INPUT = 4
USER_SELECT = 5
ROLE_SELECT = 6
MENTIONABLE_SELECT = 7
CHANNEL_SELECT = 8
SECTION = 9
TEXT_DISPLAY = 10
THUMBNAIL = 11
MEDIA_GALLERY = 12
FILE = 13
SEPARATOR = 14
CONTAINER = 17
LABEL = 18
FILE_UPLOAD = 19
RADIO_GROUP = 21
CHECKBOX_GROUP = 22
CHECKBOX = 23

SELECTS = (STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)

Path = tuple[str, ...]
"""Where a part is below the list of components, in the words of an error."""


def walk(components: Iterable[Json]) -> Iterator[tuple[Path, Json]]:
    """Every component with its path, in order, each before those that it holds."""
    for position, component in enumerate(components):
        yield from _walk((str(position),), component)


def _walk(path: Path, component: Json) -> Iterator[tuple[Path, Json]]:
    yield path, component
    for inner_path, inner in walk(component.get("components", ())):
        yield (*path, "components", *inner_path), inner
    for name in ("accessory", "component"):
        if name in component:
            yield from _walk((*path, name), component[name])


def with_custom_id(components: Iterable[Json]) -> Iterator[Json]:
    """Every component that a user can click or fill in."""
    return (component for _, component in walk(components) if "custom_id" in component)


def texts(components: Iterable[Json]) -> list[str]:
    """The content of every text display, in order."""
    return [one["content"] for _, one in walk(components) if one["type"] == TEXT_DISPLAY]


def media(components: Iterable[Json]) -> Iterator[tuple[Path, Json]]:
    """Every media item with its path: those of thumbnails, galleries and files."""
    for path, component in walk(components):
        for name in ("media", "file"):
            if name in component:
                yield (*path, name), component[name]
        for position, item in enumerate(component.get("items", ())):
            yield (*path, "items", str(position), "media"), item["media"]
