"""Saves interactions that were sent as new fixtures."""

import json
import re
from pathlib import Path

from emulation.discord.errors import ControlError
from emulation.discord.json_types import Json
from emulation.discord.state.interactions import Interaction

_UNSAFE = re.compile(r"[^a-z0-9]+")
_TOKEN = "fixture-token"  # noqa: S105 - what stands in a fixture where the token was


class Recorder:
    """Saves below one folder, and nowhere else."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._folder: Path | None = None
        self.saved: list[str] = []

    def start(self, folder: str) -> None:
        """Save from now on into a folder below the base; ControlError if it is not below it."""
        base = self._base.resolve()
        wanted = (base / folder).resolve() if "\0" not in folder else base.parent
        if not wanted.is_relative_to(base):
            raise ControlError("The folder must be below the recordings folder.")
        self._folder = wanted

    def stop(self) -> None:
        """Save no more."""
        self._folder = None

    def record(self, interaction: Interaction) -> None:
        """Save what is about to be sent, if recording is on; the token is left out."""
        if self._folder is None:
            return
        data = interaction.sent.get("data")
        name = str(data.get("name") or data.get("custom_id")) if isinstance(data, dict) else ""
        words = _UNSAFE.sub("-", f"{interaction.kind.name} {name}".lower()).strip("-")[:60]
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{words}-{interaction.id}.json"
        payload = interaction.sent | {"token": _TOKEN}
        path.write_text(
            json.dumps(payload, indent=2, ensure_ascii=False) + "\n", "utf-8", "replace"
        )
        self.saved.append(path.name)

    def as_json(self) -> Json:
        """Whether it is on, where it saves and what it saved."""
        folder = None
        if self._folder is not None:
            folder = str(self._folder.relative_to(self._base.resolve()))
        return {"on": self._folder is not None, "folder": folder, "saved": self.saved}
