"""What the stand-in for Discord saw of a job, and whether that is one answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discord_diffusion.texts.answers import FAILURE_MARK


@dataclass(frozen=True)
class Seen:
    """One interaction with every version of its message."""

    id: str
    user: str
    images: int
    record: dict[str, Any]

    @property
    def uploads(self) -> list[tuple[str, ...]]:
        """The sets of pictures that the message has shown, by attachment id; each once."""
        shown: list[tuple[str, ...]] = []
        for version in self.record["history"]:
            pictures = tuple(
                str(one["id"]) for one in version["attachments"] if self.id in one["filename"]
            )
            if pictures and pictures not in shown:
                shown.append(pictures)
        return shown

    @property
    def answered_at(self) -> str:
        """When the pictures came, in a form that sorts."""
        return next(
            (
                str(version["edited_timestamp"])
                for version in self.record["history"]
                if any(self.id in one["filename"] for one in version["attachments"])
            ),
            "never",
        )

    def faults(self) -> list[str]:
        """What is wrong; empty for one whole answer."""
        message, found = self.record["message"], []
        if len(self.uploads) != 1:
            found.append(f"pictures were uploaded {len(self.uploads)} times")
        if not message or len(message["attachments"]) != self.images:
            found.append(f"the message does not show {self.images} pictures")
        elif "seed" not in message["content"]:
            found.append(f"the message says {message['content']!r}")
        if any(one["content"].startswith(FAILURE_MARK) for one in self.record["history"]):
            found.append("the user was told of a failure")
        return found

    def story(self, logs: Path) -> str:
        """Every version of the message and every log line about the job, for whoever looks."""
        lines = [f"job {self.id} of user {self.user}: {'; '.join(self.faults())}"]
        for version in self.record["history"]:
            names = [one["filename"] for one in version["attachments"]]
            last = version["content"].splitlines()[-1:]
            lines.append(f"  {version['edited_timestamp'] or version['timestamp']} {last} {names}")
        for log in sorted(logs.glob("worker-*.log")):
            lines += [
                f"  {log.stem} {line}"
                for line in log.read_text(errors="replace").splitlines()
                if self.id in line
            ]
        return "\n".join(lines)
