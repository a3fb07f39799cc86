"""What a client may send over the Gateway, read as strictly as Discord reads it.

Contract: https://docs.discord.com/developers/events/gateway-events#send-events
"""

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from discord_stand_in.errors import DiscordError, StandInError
from discord_stand_in.gateway_protocol import DECODE_ERROR, UNKNOWN_OPCODE, CloseCode, Opcode
from discord_stand_in.request_body import decode_json

MAX_BYTES = 4096
"""https://docs.discord.com/developers/events/gateway#sending-events"""

_Sequence = Annotated[int, Field(ge=0, le=2**53)]
_Id = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]


class GatewayError(StandInError):
    """A client broke a rule of the Gateway: its connection is closed with this code."""

    def __init__(self, code: CloseCode) -> None:
        super().__init__(f"{code.number} {code.reason}")
        self.code = code


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Presence(_Strict):
    """The status and the activities of the bot."""

    since: int | None = None
    activities: list[dict[str, Any]] = Field(default_factory=list)
    status: Literal["online", "dnd", "idle", "invisible", "offline"] = "online"
    afk: bool = False


class Identify(_Strict):
    """The start of a session."""

    token: str
    properties: dict[str, Any]
    intents: int
    compress: bool | None = False
    large_threshold: int = Field(default=50, ge=50, le=250)
    shard: list[int] | None = None
    presence: Presence | None = None


class Resume(_Strict):
    """The continuation of a session."""

    token: str
    session_id: str
    seq: _Sequence


class VoiceState(_Strict):
    """Where the bot wants to speak; no channel leaves the one it is in."""

    guild_id: _Id
    channel_id: _Id | None = None
    self_mute: bool = False
    self_deaf: bool = False


class MembersRequest(_Strict):
    """A request for members of a guild, by a prefix of the name or by ids."""

    guild_id: _Id
    query: str | None = None
    limit: int = Field(default=0, ge=0, le=100)
    presences: bool | None = False
    user_ids: _Id | list[_Id] | None = None
    nonce: str | None = None


class SoundsRequest(_Strict):
    """A request for the soundboards of guilds."""

    guild_ids: list[_Id]


class Heartbeat(_Strict):
    """The last sequence number that the client received."""

    sequence: _Sequence | None


_Model = TypeVar("_Model", bound=_Strict)


def parse(model: type[_Model], data: Any) -> _Model:
    """Read the data of a payload; GatewayError (4002) if it does not fit."""
    try:
        # As JSON, because strictly a list of Python is no tuple, and an enum's value no enum.
        return model.model_validate_json(json.dumps(data))
    except (ValidationError, ValueError) as error:
        raise GatewayError(DECODE_ERROR) from error


def decode(raw: bytes) -> tuple[Opcode, Any]:
    """The opcode and the data of a frame.

    Raises:
        GatewayError: 4002 for a frame that is too long or no payload, 4001 for an unknown opcode.
    """
    if len(raw) > MAX_BYTES:
        raise GatewayError(DECODE_ERROR)
    try:
        payload = decode_json(raw)
    except DiscordError as error:
        raise GatewayError(DECODE_ERROR) from error
    number = payload.get("op") if isinstance(payload, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise GatewayError(DECODE_ERROR)
    try:
        return Opcode(number), payload.get("d")
    except ValueError as error:
        raise GatewayError(UNKNOWN_OPCODE) from error
