"""The `custom_id` of a component: `verb:job_id:index`, readable after any restart."""

import re
from dataclasses import dataclass

from discord_diffusion.discord.limits import CUSTOM_ID_LENGTH

_CUSTOM_ID = re.compile(r"(?P<verb>[a-z_]{1,32}):(?P<job_id>[0-9]{1,20}):(?P<index>[0-9]{1,2})")


class InvalidCustomIdError(ValueError):
    """A component that is not ours, or of an older kind."""


@dataclass(frozen=True)
class CustomId:
    """What a press means: the verb, the job, and which of its pictures (from 0)."""

    verb: str
    job_id: str
    index: int = 0

    def encode(self) -> str:
        """The text that Discord keeps and sends back.

        Raises:
            InvalidCustomIdError: it would not be read back as it is.
        """
        text = f"{self.verb}:{self.job_id}:{self.index}"
        if len(text) > CUSTOM_ID_LENGTH[1] or not _CUSTOM_ID.fullmatch(text):
            raise InvalidCustomIdError(f"{text!r} is no custom_id of the form verb:job_id:index")
        return text

    @classmethod
    def decode(cls, text: str) -> "CustomId":
        """Read a text that Discord sent back.

        Raises:
            InvalidCustomIdError: it is not of the form `verb:job_id:index`.
        """
        found = _CUSTOM_ID.fullmatch(text)
        if not found:
            raise InvalidCustomIdError(f"{text[:100]!r} is not of the form verb:job_id:index")
        return cls(found["verb"], found["job_id"], int(found["index"]))
