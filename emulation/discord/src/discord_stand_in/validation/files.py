"""The file types that a file upload or an attachment option takes.

Contract: https://docs.discord.com/developers/reference#file-type-filtering
"""

import re
from collections.abc import Sequence
from typing import Any

from discord_stand_in.validation import fields

MAX_TYPES = 10
GROUPS = {
    "image": (".png", ".gif", ".jpg", ".jpeg", ".jfif", ".webp", ".avif"),
    "video": (".mp4", ".mov", ".qt", ".webm"),
    "audio": (".mp3", ".m4a", ".wav", ".ogg", ".opus", ".flac"),
}
_EXTENSION = re.compile(r"\.[A-Za-z0-9][A-Za-z0-9._-]{0,30}")


def _file_type(value: Any) -> str:
    text: str = fields.string(1, 32)(value)
    if text not in GROUPS and not _EXTENSION.fullmatch(text):
        groups = ", ".join(GROUPS)
        message = f"A file type must be one of ({groups}), or an extension that begins with a dot."
        raise fields.invalid("FILE_TYPE_INVALID", message)
    return text.lower()


file_types = fields.list_of(_file_type, maximum=MAX_TYPES)
"""Parser of `file_types`."""


def is_allowed(filename: str, types: Sequence[str]) -> bool:
    """Whether a file of that name may be uploaded, whatever it contains; no types allow all."""
    extensions = [one for name in types for one in GROUPS.get(name, (name,))]
    return not extensions or filename.lower().endswith(tuple(extensions))
