"""User actions: what a user does in Discord's client, as a body of the control API."""

from typing import Any, Literal

from pydantic import Field

from discord_stand_in.json_types import Json, StrictModel

_SNOWFLAKE = r"^[0-9]{1,19}$"


class UserAction(StrictModel):
    """A user runs a command, clicks a component or submits a modal.

    Exactly one of `command`, `message_id` and `modal` is given.
    """

    command: str | None = Field(
        default=None, min_length=1, description="With sub-commands: `a b c`."
    )
    command_type: int = Field(default=1, ge=1, le=3, description="1 chat input, 2 user, 3 message.")
    options: dict[str, Any] = Field(default_factory=dict)
    target_id: str | None = Field(default=None, description="Of a user or message command.")
    focused: str | None = Field(default=None, description="Autocompletes this option.")

    message_id: str | None = Field(default=None, description="Whose component is clicked.")
    custom_id: str | None = None
    values: list[str] | None = Field(default=None, description="What is chosen in a select menu.")

    modal: str | None = Field(default=None, description="The id of the interaction that opened it.")
    fields: dict[str, Any] = Field(default_factory=dict, description="By custom_id.")

    user_id: str | None = Field(default=None, pattern=_SNOWFLAKE)
    guild_id: str | None = Field(default=None, description="null sends it in a DM.")
    channel_id: str | None = None
    locale: str | None = None
    installed_by: Literal["guild", "user", "both"] = Field(
        default="guild",
        description="Who installed the application; in a group DM always the user.",
    )
    raw: Json = Field(default_factory=dict, description="Merged into the payload that is sent.")
    age_seconds: float = Field(default=0.0, ge=0, le=86_400, description="Its age when it is sent.")
    strict: bool = Field(default=False, description="Refuse what Discord's client refuses.")

    @property
    def is_in_dm(self) -> bool:
        """Whether the user acts in a DM: `guild_id` is given as null, and no channel is."""
        return self.channel_id is None and "guild_id" in self.model_fields_set and not self.guild_id
