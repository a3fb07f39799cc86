"""The signature on every interaction: Ed25519 over timestamp and raw body.

https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint-validating-security-request-headers
"""

import re
from collections.abc import Mapping

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from discord_diffusion.discord.errors import InvalidSignatureError

SIGNATURE_HEADER = "x-signature-ed25519"
TIMESTAMP_HEADER = "x-signature-timestamp"

_SIGNATURE = re.compile(r"[0-9a-fA-F]{128}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def verify(
    key: VerifyKey, headers: Mapping[str, str], body: bytes, *, now: float, window_seconds: int
) -> None:
    """Return if Discord signed `body`.

    Args:
        key: the application's public key.
        headers: of the request; names in lower case.
        body: exactly as it was received.
        now: seconds since the epoch.
        window_seconds: how far the signed timestamp may be from `now`; 0 accepts any.

    Raises:
        InvalidSignatureError: whatever is wrong with the headers or the signature.
    """
    signature = headers.get(SIGNATURE_HEADER, "")
    timestamp = headers.get(TIMESTAMP_HEADER, "")
    if not _SIGNATURE.fullmatch(signature):
        raise InvalidSignatureError("the signature is missing or not 128 hexadecimal digits")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise InvalidSignatureError("the timestamp is missing or not a number")
    try:
        key.verify(timestamp.encode() + body, bytes.fromhex(signature))
    except BadSignatureError:
        raise InvalidSignatureError("the signature is of another key or body") from None
    if window_seconds and abs(now - int(timestamp)) > window_seconds:
        raise InvalidSignatureError(f"the timestamp is more than {window_seconds} s away")
