"""Decodes a picture file of a user's to an upright RGB picture in sRGB.

Phones, cameras and other programs write files that break the formats' rules and that every viewer
shows all the same. What is only beside the picture (text, Exif data, a colour profile) is left out
when it can't be read; of a file that is cut off or damaged, what there is of the picture is used if
it is enough.
"""

import io
import logging
import re

import numpy as np
import pi_heif
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from discord_diffusion.worker import jpeg_scans, png_chunks
from discord_diffusion.worker.errors import (
    SourceDamagedError,
    SourceFormatError,
    SourceRefusedError,
    SourceTooLargeError,
)
from discord_diffusion.worker.image_colours import as_srgb, or_else

log = logging.getLogger(__name__)

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF")
"""What Discord's own clients show, and the photographs of phones. Of an animation the first frame
is taken, of an animated PNG file the picture that stands for it."""
LARGEST_PIXELS = 4096 * 4096
"""A larger picture is scaled down to this many pixels."""
DECODABLE_PIXELS = 8192 * 8192
"""The most pixels that are decoded whole: 256 MiB with an alpha channel."""
DECODABLE_JPEG_PIXELS = 210_000_000
"""JPEG files are decoded at an eighth of their size and more: phones have up to 200 megapixels."""
LEAST_SHARE = 0.25
"""The share of the rows that must be there of a picture that is cut off."""
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture is turned, by the value of the Exif tag `Orientation`."""

_BEGINNING = re.compile(
    rb"\x89PNG\r\n|\xff\xd8\xff|RIFF.{4}WEBP|GIF8|.{4}ftyp(?:avi[fs]|hei[cx]|hev[cx]|mif1|msf1)",
    re.DOTALL,
)
"""The first bytes of a file in one of `FORMATS`."""

pi_heif.register_heif_opener()
# The limits above hold instead, and they depend on the format.
Image.MAX_IMAGE_PIXELS = None


def decode(content: bytes) -> Image.Image:
    """The picture as RGB, transparent parts on white, with at most `LARGEST_PIXELS`.

    Raises:
        SourceFormatError: it is in none of `FORMATS`.
        SourceDamagedError: too little of it can be decoded.
        SourceTooLargeError: it has more pixels than are decoded.

    Not for several threads of a process: Pillow's switch for files that are cut off is one for all.
    """
    try:
        image = _loaded(content)
        orientation = or_else(
            lambda: int(image.getexif().get(ExifTags.Base.Orientation, 1)), otherwise=1
        )
        image = as_srgb(image, _fitting(image.size))
        return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image
    except (SourceRefusedError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise many classes on hostile files
        if not _BEGINNING.match(content):
            raise SourceFormatError("it is no picture of a format that is read") from None
        raise SourceDamagedError(f"it can't be decoded: {type(error).__name__}") from None


def _loaded(content: bytes) -> Image.Image:
    """The picture as its file has it, or what there is of it in a file that breaks the rules."""
    try:
        return _open(png_chunks.without(content, png_chunks.BESIDE))
    except (SourceTooLargeError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - see `decode`
        log.info(
            "The source image breaks its format's rules", extra={"error": type(error).__name__}
        )
        # What is wrong before the pixels or behind them makes a file unidentified, or its syntax.
        is_cut_off = isinstance(error, OSError) and not isinstance(error, UnidentifiedImageError)
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image = _open(png_chunks.without(content, png_chunks.BESIDE | png_chunks.PROFILES))
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    if is_cut_off and (share := _share_of_rows(image)) < LEAST_SHARE:
        raise SourceDamagedError(f"{share:.0%} of its rows are there")
    return image


def _open(content: bytes) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
    most = DECODABLE_JPEG_PIXELS if image.format in ("JPEG", "MPO") else DECODABLE_PIXELS
    if image.width * image.height > most:
        raise SourceTooLargeError(f"it has {image.width} times {image.height} pixels")
    if image.format in ("JPEG", "MPO") and jpeg_scans.has_too_many(content):
        raise SourceTooLargeError(f"it has more than {jpeg_scans.MOST_SCANS} scans")
    image.draft("RGB", _fitting(image.size))  # acts on JPEG files alone
    image.load()
    return image


def _share_of_rows(image: Image.Image) -> float:
    """The share of the rows above those of one colour at the end, with which decoders fill up."""
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    rows = np.flatnonzero((pixels != pixels[-1, -1]).any(axis=(1, 2)))
    return (int(rows[-1]) + 1) / image.height if rows.size else 0.0


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    """The size in the same proportions, with at most `LARGEST_PIXELS`."""
    width, height = size
    scale = min(1.0, (LARGEST_PIXELS / (width * height)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))
