"""Decoding of hostile files: bounded in time and memory, and no crash reaches the worker."""

import io
import struct

import pytest
from PIL import Image

from discord_diffusion.worker import isolated_decoding
from discord_diffusion.worker.errors import (
    SourceDamagedError,
    SourceFormatError,
    SourceTooLargeError,
)
from discord_diffusion.worker.image_decoding import decode
from discord_diffusion.worker.isolated_decoding import decode_isolated


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def huffman_table(kind: int, *symbols: int) -> bytes:
    """One symbol of each length, from one bit on."""
    lengths = bytes(number < len(symbols) for number in range(16))
    return segment(0xC4, bytes([kind]) + lengths + bytes(symbols))


def progressive_jpeg(side: int, scans: int) -> bytes:
    """A grey picture whose scans are empty, of 100 bytes each: each visits every block again."""
    blocks = (side // 8) ** 2
    bits = "0" + "1" * 14  # the end of a band, for this block and the next 32,766
    empty = (bits * -(-blocks // 32_767)).ljust(-(-blocks // 32_767) * 16, "1")
    data = int(empty, 2).to_bytes(len(empty) // 8, "big").replace(b"\xff", b"\xff\0")
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xDB, b"\0" + b"\x01" * 64),
            segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\x00"),
            huffman_table(0x00, 0, 1),
            huffman_table(0x10, 0xE0, 0x00),
            segment(0xDA, b"\x01\x01\x00\x00\x00\x00") + bytes(blocks // 8 + 1),
            (segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + data) * scans,
            b"\xff\xd9",
        ]
    )


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_is_decoded_as_in_this_process() -> None:
    content = png(Image.linear_gradient("L").convert("RGBA"))
    assert decode_isolated(content).tobytes() == decode(content).tobytes()


def test_what_is_wrong_with_a_file_is_said_as_in_this_process() -> None:
    with pytest.raises(SourceFormatError, match="it is no picture of a format"):
        decode_isolated(b"a text")
    with pytest.raises(SourceDamagedError, match=r"can.t be decoded|of its rows"):
        decode_isolated(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(SourceTooLargeError, match="9000 times 9000 pixels"):
        decode_isolated(png(Image.new("1", (9000, 9000))))


def test_a_file_that_keeps_its_decoder_busy_is_refused_when_its_time_is_over() -> None:
    takes_minutes = progressive_jpeg(8192, 20_000)
    with pytest.raises(SourceTooLargeError, match="more than 1 s of processor time"):
        decode_isolated(takes_minutes, cpu_seconds=1)


def test_a_file_is_refused_that_is_not_decoded_in_time_on_a_busy_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolated_decoding, "SECONDS", 0.01)
    with pytest.raises(SourceTooLargeError, match=r"could not be decoded in 0.01 s"):
        decode_isolated(png(Image.new("RGB", (8, 8))))


def test_a_file_that_takes_too_much_memory_is_refused() -> None:
    content = png(Image.new("RGBA", (6000, 6000)))
    with pytest.raises(SourceTooLargeError, match="it needs too much memory"):
        decode_isolated(content, memory_bytes=500 * 1024**2)


def test_a_file_that_crashes_its_decoder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated_decoding, "__name__", "no.such.module")
    with pytest.raises(SourceDamagedError, match="ended with status 1"):
        decode_isolated(png(Image.new("RGB", (8, 8))))
