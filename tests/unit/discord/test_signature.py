"""Only what the application's key signed, now, is accepted; anything else is refused alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from discord_diffusion.discord.errors import InvalidSignatureError
from discord_diffusion.discord.signature import verify

KEY = SigningKey(bytes(range(32)))
NOW = 1_700_000_000.0


def signed(body: bytes, timestamp: str = "1700000000") -> dict[str, str]:
    signature = KEY.sign(timestamp.encode() + body).signature.hex()
    return {"x-signature-ed25519": signature, "x-signature-timestamp": timestamp}


def check(headers: dict[str, str], body: bytes, window: int = 300) -> None:
    verify(KEY.verify_key, headers, body, now=NOW, window_seconds=window)


@given(st.binary(max_size=500))
def test_any_signed_body_is_accepted_and_any_change_refused(body: bytes) -> None:
    check(signed(body), body)
    with pytest.raises(InvalidSignatureError):
        check(signed(body), body + b" ")


@given(st.text(max_size=140), st.text(max_size=20))
def test_garbled_headers_are_refused_and_never_crash(signature: str, timestamp: str) -> None:
    with pytest.raises(InvalidSignatureError):
        check({"x-signature-ed25519": signature, "x-signature-timestamp": timestamp}, b"{}")


@pytest.mark.parametrize(
    "change",
    [
        {"x-signature-ed25519": ""},
        {"x-signature-ed25519": "ab" * 63},
        {"x-signature-ed25519": "ab" * 65},
        {"x-signature-ed25519": "zz" * 64},
        {"x-signature-ed25519": "é" * 128},
        {"x-signature-timestamp": ""},
        {"x-signature-timestamp": "1700000000.5"},
        {"x-signature-timestamp": "١٧٠٠٠٠٠٠٠٠"},
        {"x-signature-timestamp": "1" * 40},
    ],
)
def test_a_header_of_another_form_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(InvalidSignatureError):
        check(signed(b"{}") | change, b"{}")


def test_a_replay_from_outside_the_window_is_refused() -> None:
    old = signed(b"{}", "1699999000")
    with pytest.raises(InvalidSignatureError, match="300 s away"):
        check(old, b"{}")
    check(old, b"{}", window=0)
    check(old, b"{}", window=1000)


def test_a_signature_of_another_key_is_refused() -> None:
    other = SigningKey.generate().sign(b"1700000000{}").signature.hex()
    with pytest.raises(InvalidSignatureError, match=r"^the signature is of another key or body$"):
        check(signed(b"{}") | {"x-signature-ed25519": other}, b"{}")


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("x-signature-ed25519", "the signature is missing or not 128 hexadecimal digits"),
        ("x-signature-timestamp", "the timestamp is missing or not a number"),
    ],
)
def test_a_missing_header_is_named(header: str, problem: str) -> None:
    headers = signed(b"{}")
    del headers[header]
    with pytest.raises(InvalidSignatureError) as refused:
        check(headers, b"{}")
    assert str(refused.value) == problem


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_timestamp_at_the_edge_of_the_window_is_accepted(seconds: int) -> None:
    check(signed(b"{}", str(int(NOW) + seconds)), b"{}")
    with pytest.raises(InvalidSignatureError, match="300 s away"):
        check(signed(b"{}", str(int(NOW) + seconds * 301 // 300)), b"{}")
