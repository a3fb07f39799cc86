"""Decoding of hostile files: bounded in time and memory, and no crash reaches the worker."""

import pytest
from PIL import Image

from discord_diffusion.worker import isolated_decoding, jpeg_scans
from discord_diffusion.worker.errors import (
    SourceDamagedError,
    SourceFormatError,
    SourceTooLargeError,
)
from discord_diffusion.worker.image_decoding import decode
from discord_diffusion.worker.isolated_decoding import decode_isolated
from tests.odd_pictures import encoded, progressive_jpeg


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other programs may keep the processor: what is limited here is what a decoder uses of it."""
    monkeypatch.setattr(isolated_decoding, "SECONDS", 240)


def test_a_picture_is_decoded_as_in_this_process() -> None:
    content = encoded(Image.linear_gradient("L").convert("RGBA"))
    assert decode_isolated(content).tobytes() == decode(content).tobytes()


def test_what_is_wrong_with_a_file_is_said_as_in_this_process() -> None:
    with pytest.raises(SourceFormatError, match="it is no picture of a format"):
        decode_isolated(b"a text")
    with pytest.raises(SourceDamagedError, match=r"can.t be decoded|of its rows"):
        decode_isolated(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(SourceTooLargeError, match="9000 times 9000 pixels"):
        decode_isolated(encoded(Image.new("1", (9000, 9000))))


def test_a_file_that_keeps_its_decoder_busy_is_refused_when_its_time_is_over() -> None:
    takes_seconds = progressive_jpeg(14_400, jpeg_scans.MOST_SCANS - 1)
    with pytest.raises(SourceTooLargeError, match="more than 1 s of processor time"):
        decode_isolated(takes_seconds, cpu_seconds=1)


def test_a_file_is_refused_that_is_not_decoded_in_time_on_a_busy_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolated_decoding, "SECONDS", 0.01)
    with pytest.raises(SourceTooLargeError, match=r"could not be decoded in 0.01 s"):
        decode_isolated(encoded(Image.new("RGB", (8, 8))))


def test_a_file_that_takes_too_much_memory_is_refused() -> None:
    content = encoded(Image.new("RGBA", (6000, 6000)))
    with pytest.raises(SourceTooLargeError, match="it needs too much memory"):
        decode_isolated(content, cpu_seconds=60, memory_bytes=500 * 1024**2)


def test_a_file_that_crashes_its_decoder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated_decoding, "__name__", "no.such.module")
    with pytest.raises(SourceDamagedError, match="ended with status 1"):
        decode_isolated(encoded(Image.new("RGB", (8, 8))))
