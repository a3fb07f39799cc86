"""Decodes a picture file of a user's to an upright RGB picture in sRGB.

Phones, cameras and other programs write files that break the formats' rules and that every viewer
shows all the same. What is only beside the picture (text, Exif data, a colour profile) is left out
when it can't be read; what can be decoded of a file that is cut off is used.
"""

import io
import logging
from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile

from discord_diffusion.worker.errors import SourceFormatError, SourceTooLargeError

log = logging.getLogger(__name__)
Value = TypeVar("Value")

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
"""What Discord's own clients show. Of an animation the first frame is taken."""
LARGEST_PIXELS = 4096 * 4096
"""A larger picture is scaled down to this many pixels."""
DECODABLE_PIXELS = 8192 * 8192
"""The most pixels that are decoded whole: 256 MiB with an alpha channel."""
DECODABLE_JPEG_PIXELS = 210_000_000
"""JPEG files are decoded at an eighth of their size and more: phones have up to 200 megapixels."""
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

# Also accepts text and profiles that Pillow deems too large, without reading them.
ImageFile.LOAD_TRUNCATED_IMAGES = True
# The limits above hold instead, and they depend on the format.
Image.MAX_IMAGE_PIXELS = None


def decode(content: bytes) -> Image.Image:
    """The picture as RGB, transparent parts on white, with at most `LARGEST_PIXELS`.

    Raises:
        SourceFormatError: it is in none of `FORMATS`, or too broken.
        SourceTooLargeError: it has more pixels than are decoded.
    """
    try:
        image: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
        _check_pixels(image)
        image.draft("RGB", _fitting(image.size))  # acts on JPEG files alone
        image.load()
        orientation, profile = _orientation(image), image.info.get("icc_profile")
        image = _fit(_on_white(_eight_bits(image)))
        image = _in_srgb(image, profile).convert("RGB")
        return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image
    except (SourceTooLargeError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise many classes on hostile files
        raise SourceFormatError(f"it is no picture: {type(error).__name__}") from None


def _check_pixels(image: Image.Image) -> None:
    most = DECODABLE_JPEG_PIXELS if image.format in ("JPEG", "MPO") else DECODABLE_PIXELS
    if image.width * image.height > most:
        raise SourceTooLargeError(f"it has {image.width} times {image.height} pixels")


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    """The size in the same proportions, with at most `LARGEST_PIXELS`."""
    width, height = size
    scale = min(1.0, (LARGEST_PIXELS / (width * height)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))


def _fit(image: Image.Image) -> Image.Image:
    size = _fitting(image.size)
    return image if size == image.size else image.resize(size, reducing_gap=2.0)


def _orientation(image: Image.Image) -> int:
    """The Exif tag `Orientation`, 1 where it is missing or can't be read."""
    return _or_else(lambda: int(image.getexif().get(ExifTags.Base.Orientation, 1)), 1)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits as grey of 8: `convert` would make all but the darkest values white."""
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        return Image.fromarray(np.clip(values >> 8, 0, 255).astype(np.uint8))
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), picture).convert("RGB")
    return image.convert("RGB") if image.mode in ("P", "1") else image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in the colours that its profile means, without the profile's own errors."""
    if not profile:
        return image

    def convert() -> Image.Image:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        return cast(Image.Image, converted)

    return _or_else(convert, image)


def _or_else(read: Callable[[], Value], otherwise: Value) -> Value:
    try:
        return read()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - readers raise many classes on hostile files
        log.info("A part of the source image is left out", extra={"error": type(error).__name__})
        return otherwise
