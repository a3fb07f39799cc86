"""All versions of a job's message that the stand-in kept, and whether they are one answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discord_diffusion.texts.answers import FAILURE_MARK
from tests.messages import files_of, text_of


@dataclass(frozen=True)
class MessageHistory:
    """The message of one job, with every version that it has had."""

    id: str
    user: str
    images: int
    record: dict[str, Any]

    @property
    def uploads(self) -> list[tuple[str, ...]]:
        """The different sets of pictures that the message has shown, by attachment id."""
        shown: list[tuple[str, ...]] = []
        for version in self.record["history"]:
            pictures = tuple(
                str(attachment["id"])
                for attachment in files_of(version)
                if self.id in attachment["filename"]
            )
            if pictures and pictures not in shown:
                shown.append(pictures)
        return shown

    @property
    def answered_at(self) -> str:
        """When the message first showed the pictures, in a form that sorts, or `never`."""
        return next(
            (
                str(version["edited_timestamp"])
                for version in self.record["history"]
                if any(self.id in attachment["filename"] for attachment in files_of(version))
            ),
            "never",
        )

    def faults(self) -> list[str]:
        """What is wrong with the answer; empty if it came whole and once."""
        message, found = self.record["message"], []
        if len(self.uploads) != 1:
            found.append(f"pictures were uploaded {len(self.uploads)} times")
        if not message or len(files_of(message)) != self.images:
            found.append(f"the message does not show {self.images} pictures")
        elif "seed" not in text_of(message):
            found.append(f"the message says {text_of(message)!r}")
        if any(text_of(version).startswith(FAILURE_MARK) for version in self.record["history"]):
            found.append("the user was notified of a failure")
        return found

    def report(self, logs: Path) -> str:
        """The faults, every version of the message, and every log line about the job."""
        lines = [f"job {self.id} of user {self.user}: {'; '.join(self.faults())}"]
        for version in self.record["history"]:
            names = [attachment["filename"] for attachment in files_of(version)]
            last = text_of(version).splitlines()[-1:]
            lines.append(f"  {version['edited_timestamp'] or version['timestamp']} {last} {names}")
        for log in sorted(logs.glob("worker-*.log")):
            lines += [
                f"  {log.stem} {line}"
                for line in log.read_text(errors="replace").splitlines()
                if self.id in line
            ]
        return "\n".join(lines)
