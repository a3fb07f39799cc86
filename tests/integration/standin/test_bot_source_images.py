"""Picture files as people have them: uploaded to the stand-in, drawn from by a worker."""

import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import ExifTags, Image

from discord_diffusion.jobs.record import JobStatus
from discord_diffusion.jobs.units import UNUSABLE_SOURCE
from discord_diffusion.texts.catalogue import LANGUAGES, texts
from emulation.rig.stand_in_client import pictures_of
from tests.messages import text_of
from tests.odd_pictures import (
    HEIC,
    animated_png_without_its_frames,
    encoded,
    noise,
    photograph_that_ends_after_its_header,
    png_with_a_profile_of_unknown_compression,
    with_chunk,
)
from tests.standin_worker import Studio, studio

RED, GREY, WHITE = (255, 0, 0), (128, 128, 128), (255, 255, 255)


@pytest.fixture(scope="module")
def running_studio() -> Iterator[Studio]:
    """A stand-in, the bot and a worker."""
    with studio() as running:
        yield running


def red(kind: str, mode: str = "RGB") -> bytes:
    return encoded(Image.new("RGB", (64, 48), RED).convert(mode), kind)


def turned() -> bytes:
    """A photograph that is red on the left, as a camera stores it that is held upright."""
    picture = Image.new("RGB", (64, 48), RED)
    picture.paste("white", (0, 24, 64, 48))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 8
    return encoded(picture, "PNG", exif=exif)


def clear() -> bytes:
    return encoded(Image.new("RGBA", (64, 48), (9, 9, 9, 0)))


def large_text() -> bytes:
    text = b"parameters\0\0" + zlib.compress(bytes(4_000_000))
    return with_chunk(red("PNG"), b"zTXt", text)


def grey_of_16_bits() -> bytes:
    return encoded(Image.fromarray(np.full((48, 64), 0x8080, dtype=np.uint16)))


USABLE: dict[str, tuple[bytes, str | None, tuple[int, int, int]]] = {
    "no type": (red("PNG"), None, RED),
    "an odd type": (red("WEBP"), "application/x-unknown", RED),
    "a wrong type": (red("JPEG"), "image/heic", RED),
    "the type of a text": (red("GIF"), "text/plain", RED),
    "heic": (HEIC, "image/heic", RED),
    "heic without a type": (HEIC, None, RED),
    "avif": (red("AVIF"), "image/avif", RED),
    "cmyk": (red("JPEG", "CMYK"), "image/jpeg", RED),
    "palette": (red("PNG", "P"), "image/png", RED),
    "16 bits": (grey_of_16_bits(), "image/png", GREY),
    "transparent": (clear(), "image/png", WHITE),
    "turned": (turned(), "image/png", WHITE),
    "a large text": (large_text(), "image/png", RED),
    "no frames": (animated_png_without_its_frames(), "image/png", RED),
    "a profile": (png_with_a_profile_of_unknown_compression(), "image/png", RED),
}
"""Content, content type, and the colour of the right lower corner."""


@pytest.mark.parametrize("name", USABLE)
def test_what_viewers_show_is_drawn_from(running_studio: Studio, name: str) -> None:
    content, media_type, colour = USABLE[name]
    image = running_studio.upload(content, "IMG_0001", media_type)
    message = running_studio.imagine(image, "en-US")
    assert pictures_of(message), text_of(message)
    [request] = running_studio.worker.generator.batches[-1]
    assert request.source
    width, height = request.source.size
    found = np.asarray(request.source)[height - 4, width - 4].astype(int)
    assert np.abs(found - colour).max() < 24


UNUSABLE = {
    "failed.source_damaged": photograph_that_ends_after_its_header(),
    "failed.source_format": b"a text that is called IMG_0001",
    "failed.source_too_large": encoded(Image.new("1", (9000, 8000)), "PNG"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", UNUSABLE)
def test_what_can_not_be_used_is_told_by_its_reason_and_leaves_no_dead_letter(
    running_studio: Studio, reason: str, language: str
) -> None:
    image = running_studio.upload(UNUSABLE[reason], "IMG_0001", None)
    message = running_studio.imagine(image, language)
    assert texts(language)[reason] in text_of(message)
    assert pictures_of(message) == []
    worker, job = running_studio.worker, running_studio.handlers.queue.jobs[-1]
    assert worker.queue.released == [], "the message is deleted, not given back"
    assert worker.table.statuses[job.id] is JobStatus.FAILED
    assert worker.table.details[job.id] == {
        "reason": reason,
        "charged_pictures": 0,
        "charged_units": UNUSABLE_SOURCE,
    }


def test_the_upper_part_of_a_file_that_is_cut_off_is_drawn_from(running_studio: Studio) -> None:
    content = encoded(noise((200, 200)), "JPEG")
    image = running_studio.upload(content[: len(content) // 2], "IMG_0001", "image/jpeg")
    assert pictures_of(running_studio.imagine(image, "en-US"))
