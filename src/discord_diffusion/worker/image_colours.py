"""Turns a decoded picture of any mode into RGB in sRGB, its transparent parts white."""

import io
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import numpy as np
from PIL import Image, ImageCms

log = logging.getLogger(__name__)
Value = TypeVar("Value")

_USUAL_GAMMA = 1 / 2.2
"""The gamma of a PNG file whose values are about those of sRGB."""
_EXPONENTS = (0.2, 5.0)
"""What a file may claim without being absurd."""


def as_srgb(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture as RGB of that size, in the colours that its profile or its gamma means."""
    about, image = image.info, _with_channels(image)
    if image.size != size:
        image = image.resize(size, reducing_gap=2.0)
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", size, "white"), picture).convert("RGB")
    if profile := about.get("icc_profile"):
        return _in_profile(image, profile).convert("RGB")
    return _in_gamma(image.convert("RGB"), about)


def or_else(read: Callable[[], Value], otherwise: Value) -> Value:
    """What `read` returns, or `otherwise` where that can't be read: it is only beside the picture.

    Raises:
        MemoryError: the machine's fault, not the file's.
    """
    try:
        return read()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - readers raise many classes on hostile files
        log.info("A part of the source image is left out", extra={"error": type(error).__name__})
        return otherwise


def _with_channels(image: Image.Image) -> Image.Image:
    """The picture with channels of 8 bits in place of a palette, of 1 bit or of 16 bits."""
    if image.mode in ("1", "P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if not image.mode.startswith("I"):
        return image
    # `convert` would make all but the darkest values of 16 bits white.
    values = np.asarray(image)
    grey = Image.fromarray(np.clip(values >> 8, 0, 255).astype(np.uint8))
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey.putalpha(Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
    return grey


def _in_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """The picture from its profile's colours to sRGB; unchanged where the profile is no use."""

    def convert() -> Image.Image:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        return cast(Image.Image, converted)

    return or_else(convert, image)


def _in_gamma(image: Image.Image, about: Mapping[Any, Any]) -> Image.Image:
    """A PNG file may say its gamma in place of a profile: https://www.w3.org/TR/png-3/#11gAMA."""
    gamma = about.get("gamma")
    if "srgb" in about or not isinstance(gamma, float) or gamma <= 0:
        return image
    low, high = _EXPONENTS
    exponent = min(max(_USUAL_GAMMA / gamma, low), high)
    if abs(exponent - 1) < 0.05:
        return image
    return image.point([round(255 * (value / 255) ** exponent) for value in range(256)] * 3)
