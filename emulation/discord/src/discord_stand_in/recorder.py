"""Saves sent interactions as fixtures."""

import json
import re
from collections import deque
from pathlib import Path

from discord_stand_in.errors import ControlError
from discord_stand_in.json_types import Json
from discord_stand_in.state.interactions import Interaction

_UNSAFE_CHARACTERS = re.compile(r"[^a-z0-9]+")
_MAX_NAMES = 1_000
_TOKEN = "fixture-token"  # noqa: S105 - replaces the token in a fixture


class Recorder:
    """Saves interactions into a folder below the recordings folder, and nowhere else."""

    def __init__(self, base: Path) -> None:
        """`base` is the recordings folder."""
        self._base = base.resolve()
        self._folder: Path | None = None
        self.saved: deque[str] = deque(maxlen=_MAX_NAMES)
        """The names of the files that were saved last."""

    def start(self, folder: str) -> None:
        """Save from now on into a folder; ControlError if it is not below the recordings folder."""
        target = (self._base / folder).resolve() if "\0" not in folder else self._base.parent
        if not target.is_relative_to(self._base):
            raise ControlError("The folder must be below the recordings folder.")
        self._folder = target

    def stop(self) -> None:
        """Stop saving."""
        self._folder = None

    def record(self, interaction: Interaction) -> None:
        """Save an interaction without its token, if recording is on."""
        if self._folder is None:
            return
        data = interaction.sent_payload.get("data")
        name = str(data.get("name") or data.get("custom_id")) if isinstance(data, dict) else ""
        title = f"{interaction.type.name} {name}".lower()
        stem = _UNSAFE_CHARACTERS.sub("-", title).strip("-")[:60]
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{stem}-{interaction.id}.json"
        payload = interaction.sent_payload | {"token": _TOKEN}
        text = json.dumps(payload, indent=2, ensure_ascii=False) + "\n"
        path.write_text(text, "utf-8", "replace")
        self.saved.append(path.name)

    def as_json(self) -> Json:
        """Whether it records, where it saves and which files it saved."""
        folder = str(self._folder.relative_to(self._base)) if self._folder else None
        return {"on": self._folder is not None, "folder": folder, "saved": list(self.saved)}
