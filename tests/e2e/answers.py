"""The commands of the test application, and its answers to them."""

from typing import Any

Payload = dict[str, Any]
Reply = Payload | int | None
"""An answer; or the status of a failed response; or None: no answer in time."""

EPHEMERAL = 64
CITIES = ("Athens", "Bergen", "Berlin", "Cairo", "Kyoto")

COMMANDS: list[Payload] = [
    {
        "name": "imagine",
        "description": "Draw pictures from a description",
        "options": [
            {"type": 3, "name": "prompt", "description": "What to draw", "required": True,
             "max_length": 200},
            {"type": 4, "name": "images", "description": "How many pictures",
             "min_value": 1, "max_value": 4},
            {"type": 3, "name": "style", "description": "In which manner",
             "choices": [{"name": "Oil", "value": "oil"}, {"name": "Ink", "value": "ink"}]},
            {"type": 10, "name": "guidance", "description": "How closely to follow the prompt",
             "min_value": 0, "max_value": 30},
        ],
    },
    {
        "name": "city",
        "description": "Look a city up",
        "options": [
            {"type": 3, "name": "name", "description": "Which city", "required": True,
             "autocomplete": True},
            {"type": 6, "name": "guide", "description": "Who shows you around"},
            {"type": 5, "name": "rain", "description": "Whether it rains"},
        ],
    },
    {"name": "think", "description": "Answer later"},
    {"name": "whisper", "description": "Say something to you alone"},
    {"name": "silent", "description": "Do not answer"},
    {"name": "form", "description": "Fill in a form"},
    {"name": "survey", "description": "A form with every kind of input"},
    {"name": "layout", "description": "A message of components alone"},
    {"name": "panel", "description": "Buttons and menus"},
    {
        "name": "gallery",
        "description": "Collections of pictures",
        "options": [
            {"type": 1, "name": "show", "description": "Show a collection"},
            {"type": 1, "name": "clear", "description": "Empty a collection"},
        ],
    },
    {"type": 3, "name": "Describe message"},
    {"type": 2, "name": "Greet"},
    {
        "name": "redraw",
        "description": "Draw a picture again",
        "name_localizations": {"de": "nachzeichnen"},
        "description_localizations": {"de": "Zeichnet ein Bild noch einmal"},
        "options": [
            {"type": 11, "name": "picture", "description": "What to begin with",
             "name_localizations": {"de": "bild"}, "file_types": ["image"], "required": True},
            {"type": 3, "name": "manner", "description": "In which manner",
             "choices": [{"name": "Oil", "name_localizations": {"de": "Öl"}, "value": "oil"}]},
        ],
    },
    {"name": "settings", "description": "Change the settings",
     "default_member_permissions": str(1 << 5)},
    {"name": "guild-only", "description": "Not in a DM", "contexts": [0]},
]  # fmt: skip

FORM: Payload = {
    "custom_id": "form",
    "title": "Describe the picture",
    "components": [
        {"type": 18, "label": "Title", "component":
            {"type": 4, "custom_id": "title", "style": 1, "max_length": 40}},
        {"type": 18, "label": "Story", "description": "As long as you like.", "component":
            {"type": 4, "custom_id": "story", "style": 2, "required": False}},
    ],
}  # fmt: skip

SURVEY: Payload = {
    "custom_id": "survey",
    "title": "Settings",
    "components": [
        {"type": 18, "label": "Roles", "description": "Who may ask.", "component":
            {"type": 6, "custom_id": "roles", "min_values": 0, "max_values": 5, "required": False,
             "default_values": [{"id": "1300000000000000101", "type": "role"}]}},
        {"type": 18, "label": "Filter", "component":
            {"type": 21, "custom_id": "filter", "options": [
                {"value": "strict", "label": "Everywhere", "default": True},
                {"value": "channel", "label": "Not in age-restricted channels",
                 "description": "Discord has to restrict the channel, too."}]}},
        {"type": 18, "label": "Allowed", "component":
            {"type": 22, "custom_id": "allowed", "min_values": 0, "required": False, "options": [
                {"value": "edit", "label": "Edit", "default": True},
                {"value": "vary", "label": "Vary"}]}},
        {"type": 18, "label": "Spoiler", "description": "Veil all pictures.", "component":
            {"type": 23, "custom_id": "spoiler"}},
        {"type": 18, "label": "Picture", "component":
            {"type": 19, "custom_id": "picture", "file_types": ["image"], "required": False}},
    ],
}  # fmt: skip

V2 = 1 << 15
_TEXT = {"type": 10, "content": "> a **red** circle\n-# 2 pictures"}


def layout(*components: Payload) -> Payload:
    """A container with these components below a text, a section and a row of buttons."""
    section = {
        "type": 9,
        "components": [{"type": 10, "content": "A section beside its button"}],
        "accessory": {"type": 2, "style": 1, "label": "Accept", "custom_id": "accept"},
    }
    row = {
        "type": 1,
        "components": [
            {"type": 2, "style": 2, "label": f"Vary {n}", "custom_id": f"vary{n}"} for n in (1, 2)
        ],
    }
    separator = {"type": 14, "spacing": 2}
    inner = [_TEXT, *components, section, separator, row]
    return {"type": 17, "accent_color": 0x57F287, "components": inner}


PANEL: list[Payload] = [
    {"type": 1, "components": [
        {"type": 2, "style": 1, "label": "Again", "custom_id": "again", "emoji": {"name": "🎲"}},
        {"type": 2, "style": 2, "label": "Rename", "custom_id": "rename"},
        {"type": 2, "style": 3, "label": "Whisper", "custom_id": "whisper"},
        {"type": 2, "style": 4, "label": "Break", "custom_id": "break"},
        {"type": 2, "style": 2, "label": "Off", "custom_id": "off", "disabled": True},
    ]},
    {"type": 1, "components": [
        {"type": 3, "custom_id": "styles", "placeholder": "Pick styles", "max_values": 2,
         "options": [{"label": "Oil", "value": "oil", "description": "Thick"},
                     {"label": "Ink", "value": "ink"}, {"label": "Chalk", "value": "chalk"}]},
    ]},
    {"type": 1, "components": [{"type": 5, "custom_id": "people", "placeholder": "Pick a person"}]},
]  # fmt: skip


def message(content: str, **data: Any) -> Payload:
    """A message at once."""
    return {"type": 4, "data": {"content": content, **data}}


def reply_to(payload: Payload) -> Reply:
    """The answer to one interaction."""
    data = payload["data"]
    if payload["type"] == 4:
        return _choices(data["options"])
    if payload["type"] == 3:
        return _component(data)
    if payload["type"] == 5:
        if data["custom_id"] == "survey":
            return message(f"`{_fields(data)}`")
        return message(f"Saved as **{_fields(data)['title']}**")
    return _command(data)


def _command(data: Payload) -> Reply:
    if data["name"] == "think":
        return {"type": 5}
    options = {option["name"]: option.get("value") for option in data.get("options", [])}
    match data["name"]:
        case "imagine":
            return message(f"> {options['prompt']}\n**Queued**")
        case "city":
            return message(f"You are in {options}")
        case "whisper" | "redraw":
            return message("Only for *you*.", flags=EPHEMERAL)
        case "form" | "survey":
            return {"type": 9, "data": FORM if data["name"] == "form" else SURVEY}
        case "layout":
            return {"type": 4, "data": {"flags": V2, "components": [layout()]}}
        case "panel":
            return message("Choose.", components=PANEL)
        case "Describe message" | "Greet":
            return message(f"{data['name']}: {data['target_id']}")
        case "gallery":
            return message(f"Collection: {data['options'][0]['name']}")
        case _:
            return None


def _component(data: Payload) -> Reply:
    match data["custom_id"]:
        case "again":
            return {"type": 7, "data": {"content": "Pressed **again**."}}
        case "rename":
            return {"type": 9, "data": FORM}
        case "accept":
            update = {"components": [{"type": 10, "content": "Accepted."}], "attachments": []}
            return {"type": 7, "data": update}
        case "whisper":
            return message("❌ You may not do that.", flags=EPHEMERAL)
        case "break":
            return 500
        case _:
            return message(f"You chose {', '.join(data['values'])}")


def _choices(options: list[Payload]) -> Payload:
    typed = next(option["value"] for option in options if option.get("focused"))
    found = [name for name in CITIES if name.lower().startswith(typed.lower())]
    return {"type": 8, "data": {"choices": [{"name": city, "value": city} for city in found]}}


def _fields(data: Payload) -> Payload:
    inputs = [label["component"] for label in data["components"]]
    return {field["custom_id"]: field.get("value", field.get("values")) for field in inputs}
