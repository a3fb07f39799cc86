"""Encoding: the parameters in a file, and how files are made small enough."""

import io
import random

import pytest
from PIL import Image

from discord_diffusion.discord.webhooks import File
from discord_diffusion.worker.encoding import (
    ENCODINGS_BEST_FIRST,
    CaptionedImage,
    encode,
    encode_to_fit,
    enlarge,
)
from discord_diffusion.worker.errors import PicturesTooLargeError

PARAMETERS = "ein grüner Kreis 🟢\nNegative prompt: nothing\nSteps: 12, Seed: 7"


def noise(side: int = 128) -> Image.Image:
    """The picture that compresses worst."""
    return Image.frombytes("RGB", (side, side), random.Random(1).randbytes(side * side * 3))


def captioned(image: Image.Image | None = None, parameters: str = PARAMETERS) -> CaptionedImage:
    return CaptionedImage(image or noise(), "5-0", parameters, "a circle")


def opened(file: File) -> Image.Image:
    return Image.open(io.BytesIO(file.content))


@pytest.mark.parametrize("parameters", ["plain", PARAMETERS, "nul \0 byte", "עברית"])
def test_a_png_carries_its_parameters_where_tools_look(parameters: str) -> None:
    image = opened(encode(captioned(parameters=parameters), ENCODINGS_BEST_FIRST[0]))
    assert image.info["parameters"] == parameters.replace("\0", "")


@pytest.mark.parametrize("encoding", ENCODINGS_BEST_FIRST[1:], ids=str)
def test_webp_and_jpeg_carry_their_parameters_in_exif(encoding: object) -> None:
    image = opened(encode(captioned(), encoding))  # type: ignore[arg-type]  # parametrize is untyped
    comment = image.getexif().get_ifd(0x8769)[0x9286]
    assert comment.removeprefix(b"UNICODE\0").decode("utf-16-be") == PARAMETERS


def test_a_png_keeps_every_pixel() -> None:
    [file] = encode_to_fit([captioned()], 10**7)
    assert (file.filename, file.media_type, file.description) == (
        "5-0.png",
        "image/png",
        "a circle",
    )
    assert opened(file).tobytes() == noise().tobytes()


def test_each_rung_of_the_ladder_is_smaller_than_the_one_before() -> None:
    sizes = [len(encode(captioned(), encoding).content) for encoding in ENCODINGS_BEST_FIRST]
    assert sizes == sorted(sizes, reverse=True)


def test_a_picture_takes_the_first_rung_that_fits() -> None:
    sizes = [len(encode(captioned(), encoding).content) for encoding in ENCODINGS_BEST_FIRST]
    for rung, size in enumerate(sizes):
        [file] = encode_to_fit([captioned()], size)
        assert file == encode(captioned(), ENCODINGS_BEST_FIRST[rung])


def test_only_the_picture_that_is_too_large_is_made_smaller() -> None:
    plain = captioned(Image.new("RGB", (64, 64), "red"))
    small, large = encode_to_fit([plain, captioned()], 20_000)
    assert small.media_type == "image/png"
    assert large.media_type != "image/png"


def test_all_files_together_fit_the_request() -> None:
    images = [captioned() for _ in range(4)]
    total = sum(len(file.content) for file in encode_to_fit(images, 10**7)) - 1
    files = encode_to_fit(images, 10**7, total)
    assert sum(len(file.content) for file in files) <= total
    assert {file.media_type for file in files} == {"image/webp"}


def test_pictures_that_no_encoding_makes_small_enough_are_an_error() -> None:
    with pytest.raises(PicturesTooLargeError):
        encode_to_fit([captioned()], 100)
    with pytest.raises(PicturesTooLargeError):
        encode_to_fit([captioned()] * 4, 10**7, 1000)


def test_an_answer_without_pictures_has_no_files() -> None:
    assert encode_to_fit([], 100) == ()


def test_enlarging_multiplies_the_sides_and_one_changes_nothing() -> None:
    image = noise(16)
    assert enlarge(image, 4).size == (64, 64)
    assert enlarge(image, 1) is image


def test_a_deployment_may_begin_with_a_smaller_format() -> None:
    [file] = encode_to_fit([captioned()], 10**7, best="webp")
    assert file == encode(captioned(), ENCODINGS_BEST_FIRST[1])
    [smaller] = encode_to_fit([captioned()], len(file.content) - 1, best="webp")
    assert len(smaller.content) < len(file.content)
