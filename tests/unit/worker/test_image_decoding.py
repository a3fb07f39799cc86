"""Picture files as people have them: what every viewer shows is used, all else is refused."""

import os
import random
import struct
import warnings
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageFile, PngImagePlugin

from discord_diffusion.worker import image_decoding
from discord_diffusion.worker.errors import (
    SourceDamagedError,
    SourceFormatError,
    SourceRefusedError,
    SourceTooLargeError,
)
from discord_diffusion.worker.image_decoding import decode
from tests.odd_pictures import (
    HEIC,
    animated_png_without_its_frames,
    encoded,
    noise,
    photograph_that_ends_after_its_header,
    png_with_a_profile_of_unknown_compression,
    with_chunk,
)

MUTATIONS = int(os.environ.get("IMAGE_MUTATIONS", "150"))
"""How many damaged files of each format are decoded."""
WHITE = (255, 255, 255)


WRITABLE = tuple(kind for kind in image_decoding.FORMATS if kind != "HEIF")
"""The formats that Pillow writes."""


@pytest.mark.parametrize("kind", WRITABLE)
def test_a_picture_of_each_format_is_decoded(kind: str) -> None:
    image = decode(encoded(Image.new("RGB", (8, 6), "red"), kind))
    assert (image.size, image.mode) == ((8, 6), "RGB")
    red, green, blue = image.getpixel((3, 3))  # type: ignore[misc]
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_the_first_frame_of_an_animation_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    assert decode(content).getpixel((4, 4)) == (255, 0, 0)


def test_a_photograph_of_a_phone_is_decoded() -> None:
    image = decode(HEIC)
    assert (image.size, image.mode) == ((64, 64), "RGB")
    for position, colour in (((8, 8), (0, 0, 255)), ((56, 56), (255, 0, 0))):
        found = image.getpixel(position)
        assert all(abs(a - b) < 20 for a, b in zip(found, colour, strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [animated_png_without_its_frames(), png_with_a_profile_of_unknown_compression()],
    ids=["frames", "profile"],
)
def test_what_is_beside_the_picture_of_a_png_file_may_be_wrong(content: bytes) -> None:
    image = decode(content)
    assert image.getcolors() == [(64 * 64, (255, 0, 0))]


def test_of_an_animated_png_file_the_picture_that_stands_for_it_is_taken() -> None:
    """Discord shows that one, too; it need not be a frame of the animation."""
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    content = encoded(frames[0], save_all=True, append_images=frames[1:], default_image=True)
    assert decode(content).getpixel((4, 4)) == (255, 0, 0)


@pytest.mark.parametrize("byte_order", ["<u2", ">u2"])
def test_grey_of_16_bits_keeps_its_shades(byte_order: str) -> None:
    ramp = np.linspace(0, 65535, 256).astype(byte_order).reshape(16, 16)
    shades = np.asarray(decode(encoded(Image.fromarray(ramp))))[..., 0].reshape(-1)
    assert shades.tolist() == [int(value) >> 8 for value in ramp.reshape(-1)]


def test_the_transparent_shade_of_grey_of_16_bits_becomes_white() -> None:
    grey = Image.fromarray(np.array([[0x1234, 0x8000]], dtype=np.uint16))
    png = with_chunk(encoded(grey), b"tRNS", b"\x12\x34")
    image = decode(png)
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [WHITE, (128, 128, 128)]


def test_a_gamma_is_applied_where_there_is_no_profile() -> None:
    """Linear light of a half is 188 in sRGB; most files say the gamma of sRGB itself."""
    grey = encoded(Image.new("RGB", (4, 4), (128, 128, 128)))
    linear = with_chunk(grey, b"gAMA", struct.pack(">I", 100_000))
    assert decode(linear).getpixel((0, 0)) == (186, 186, 186)
    for gamma in (0, 45_455, 45_000):
        usual = with_chunk(grey, b"gAMA", struct.pack(">I", gamma))
        assert decode(usual).getpixel((0, 0)) == (128, 128, 128)
    named = with_chunk(linear, b"sRGB", b"\0")
    assert decode(named).getpixel((0, 0)) == (128, 128, 128)


def test_transparent_pixels_become_white() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert decode(encoded(clear)).getpixel((0, 0)) == WHITE
    palette = Image.new("P", (4, 4), 0)
    assert decode(encoded(palette, transparency=0)).getpixel((0, 0)) == WHITE
    assert decode(encoded(Image.new("LA", (4, 4), (9, 0)))).getpixel((0, 0)) == WHITE


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_colour_model_becomes_rgb(mode: str) -> None:
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    assert decode(encoded(Image.new(mode, (5, 4)), kind)).mode == "RGB"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright(orientation: int) -> None:
    """The corner that belongs top left is there, whichever way the camera was held."""
    upright = Image.new("RGB", (16, 8), "white")
    upright.paste("red", (0, 0, 8, 4))
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turned = upright.transpose(stored[orientation]) if orientation in stored else upright
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    assert decode(encoded(turned, exif=exif)).tobytes() == upright.tobytes()


def _exif(body: bytes) -> bytes:
    return b"Exif\0\0" + body


@pytest.mark.parametrize(
    "exif",
    [
        _exif(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0"),  # 99
        _exif(b"II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0six\0\0\0\0\0"),  # a text
        _exif(b"II*\0\x08\0\0\0\x01\0\x12\x01\x05\0\x01\0\0\0\xff\xff\xff\x7f\0\0\0\0"),  # afar
        _exif(b"II*\0\xff\xff\xff\xff"),
        _exif(b"MM\0*\0\0\0\x08\xff\xff"),
        _exif(b"nonsense"),
        _exif(b""),
    ],
    ids=["value", "type", "offset", "directory", "entries", "header", "empty"],
)
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_exif_data_that_can_not_be_read_is_left_out(kind: str, exif: bytes) -> None:
    assert decode(encoded(noise(), kind, exif=exif)).size == (64, 48)


def test_a_png_file_with_large_texts_is_decoded() -> None:
    plain = encoded(noise())
    limit = PngImagePlugin.MAX_TEXT_CHUNK
    packed = b"parameters\0\0" + zlib.compress(bytes(2 * limit))
    for kind, data in ((b"tEXt", b"parameters\0" + b"x" * 2 * limit), (b"zTXt", packed)):
        assert decode(with_chunk(plain, kind, data)).tobytes() == noise().tobytes()


def test_a_colour_profile_is_converted_to_srgb() -> None:
    """A profile that swaps nothing but the curve: linear light of a half is 188 in sRGB."""
    linear = _linear_profile()
    grey = Image.new("RGB", (4, 4), (128, 128, 128))
    (red, green, blue) = decode(encoded(grey, icc_profile=linear)).getpixel((0, 0))  # type: ignore[misc]
    assert all(abs(value - 188) <= 1 for value in (red, green, blue))


def _linear_profile() -> bytes:
    """sRGB's own primaries with a curve of gamma 1."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    for entry in range(count):
        signature, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * entry)
        if signature in (b"rTRC", b"gTRC", b"bTRC"):
            identity = b"curv" + bytes(8)  # no points: the identity
            profile[offset : offset + size] = identity.ljust(size, b"\0")
    return bytes(profile)


@pytest.mark.parametrize("profile", [b"no profile", bytes(128), b"\xff" * 4000])
def test_a_colour_profile_that_can_not_be_read_is_left_out(profile: bytes) -> None:
    assert decode(encoded(noise(), icc_profile=profile)).tobytes() == noise().tobytes()


def test_a_compressed_profile_that_is_too_large_is_left_out() -> None:
    bomb = b"name\0\0" + zlib.compress(bytes(20 * PngImagePlugin.MAX_TEXT_CHUNK))
    assert decode(with_chunk(encoded(noise()), b"iCCP", bomb)).tobytes() == noise().tobytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_what_there_is_of_a_file_that_is_cut_off_is_used(kind: str, share: float) -> None:
    content = encoded(noise((200, 200)), kind)
    image = decode(content[: int(len(content) * share)])
    assert image.size == (200, 200)
    assert np.asarray(image)[:40].std() > 30  # the upper part is the noise


def test_a_file_with_too_little_of_the_picture_is_refused_as_damaged() -> None:
    with pytest.raises(SourceDamagedError, match="of its rows are there"):
        decode(photograph_that_ends_after_its_header())
    png = encoded(noise((200, 200)))
    with pytest.raises(SourceDamagedError, match="of its rows are there"):
        decode(png[: len(png) // 5])


def test_a_whole_picture_of_one_colour_is_not_taken_for_a_damaged_one() -> None:
    for kind in WRITABLE:
        assert decode(encoded(Image.new("RGB", (64, 64), "black"), kind)).size == (64, 64)


@pytest.mark.parametrize("kind", image_decoding.FORMATS)
def test_a_file_of_which_nothing_can_be_decoded_is_refused_as_damaged(kind: str) -> None:
    content = HEIC if kind == "HEIF" else encoded(noise(), kind)
    with pytest.raises(SourceDamagedError, match="can't be decoded"):
        decode(content[:20])


def test_no_file_changes_how_the_next_one_is_judged() -> None:
    decode(encoded(noise((200, 200)))[:-5000])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_a_wrong_checksum_beside_the_picture_does_no_harm() -> None:
    content = with_chunk(encoded(noise()), b"tEXt", b"a\0b")
    position = content.index(b"tEXt") + len(b"tEXta\0b")
    damaged = content[:position] + b"\0\0\0\0" + content[position + 4 :]
    assert decode(damaged).tobytes() == noise().tobytes()


def test_a_large_picture_is_scaled_down_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_decoding, "LARGEST_PIXELS", 400)
    image = decode(encoded(noise((200, 50))))
    assert image.size == (40, 10)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_a_picture_with_too_many_pixels_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_decoding, "DECODABLE_PIXELS", 40)
    with pytest.raises(SourceTooLargeError, match="8 times 6 pixels"):
        decode(encoded(Image.new("RGB", (8, 6)), kind))


def test_a_phones_photograph_of_100_megapixels_is_decoded_at_a_part_of_its_size() -> None:
    photograph = Image.new("L", (12_000, 9_000), 200)
    image = decode(encoded(photograph, "JPEG"))
    assert image.width * image.height <= image_decoding.LARGEST_PIXELS
    assert image.width / image.height == pytest.approx(4 / 3, rel=0.01)


def test_a_header_that_claims_to_be_huge_is_refused_undecoded() -> None:
    content = bytearray(encoded(Image.new("1", (8, 8))))
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    with pytest.raises(SourceTooLargeError, match="60000 times 60000"):
        decode(bytes(content))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a text that is called picture.png",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        encoded(Image.new("RGB", (8, 6)), "BMP"),
    ],
    ids=["nothing", "text", "svg", "video", "bmp"],
)
def test_a_file_that_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(SourceFormatError, match="no picture of a format"):
        decode(content)


def _flip(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 12)):
        content[chance.randrange(len(content))] = chance.randrange(256)


def _cut(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


def _repeat(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    content[start:start] = content[start : start + chance.randint(1, 200)]


def _remove(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    del content[start : start + chance.randint(1, 50)]


DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (_flip, _cut, _repeat, _remove)


@pytest.mark.parametrize("kind", WRITABLE)
def test_a_damaged_file_is_a_picture_or_the_users_error(kind: str) -> None:
    """No file raises an error of another class, which would count as a failure of the worker's."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    whole = encoded(noise((40, 30)), kind, exif=exif, icc_profile=profile)
    if kind == "PNG":  # so that damage behind the checksums is met, too
        whole = with_chunk(whole, b"tEXt", b"parameters\0a cat")
    for seed in range(MUTATIONS):
        chance = random.Random(f"{kind}{seed}")
        content = bytearray(whole)
        for damage in chance.sample(DAMAGES, chance.randint(1, 2)):
            if content:
                damage(content, chance)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                image = decode(bytes(content))
            except SourceRefusedError:
                continue
        assert image.mode == "RGB"
        assert image.width * image.height <= image_decoding.LARGEST_PIXELS
