"""Signs the requests to the application's endpoint, as Discord does.

Contract: https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint
"""

import json

from nacl.signing import SigningKey

from discord_stand_in.json_types import Json

OTHER_KEY = "another key"
OTHER_BODY = "another body"
OTHER_TIMESTAMP = "another timestamp"
SIGNATURE_DEFECTS = (OTHER_KEY, OTHER_BODY, OTHER_TIMESTAMP)
"""What can be wrong with a signature."""


class Signer:
    """Holds the application's key pair."""

    def __init__(self, seed_hex: str) -> None:
        self._key = SigningKey(bytes.fromhex(seed_hex))
        self._other_key = SigningKey.generate()

    @property
    def verify_key(self) -> str:
        """The public key in hex."""
        return bytes(self._key.verify_key).hex()

    def headers(self, body: bytes, timestamp: int) -> dict[str, str]:
        """The headers that prove that a body is Discord's; `timestamp` is in Unix seconds."""
        return self._headers(self._key, body, timestamp)

    def invalid_headers(self, body: bytes, timestamp: int, defect: str) -> dict[str, str]:
        """Headers whose signature is well-formed and wrong; `defect`: a SIGNATURE_DEFECTS."""
        if defect == OTHER_KEY:
            return self._headers(self._other_key, body, timestamp)
        if defect == OTHER_BODY:
            return self._headers(self._key, body + b" ", timestamp)
        signed_earlier = self._headers(self._key, body, timestamp - 60)
        return signed_earlier | {"X-Signature-Timestamp": str(timestamp)}

    @staticmethod
    def _headers(key: SigningKey, body: bytes, timestamp: int) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "User-Agent": "Discord-Interactions/1.0 (+https://discord.com)",
            "X-Signature-Ed25519": key.sign(str(timestamp).encode() + body).signature.hex(),
            "X-Signature-Timestamp": str(timestamp),
        }


def encode(payload: Json) -> bytes:
    """A payload as the bytes that are signed and sent; what UTF-8 cannot hold becomes `?`."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
