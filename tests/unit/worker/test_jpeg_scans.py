"""The scans of JPEG files: those of encoders pass, endless ones do not."""

import pytest
from PIL import Image

from discord_diffusion.worker.errors import SourceTooLargeError
from discord_diffusion.worker.image_decoding import decode
from discord_diffusion.worker.jpeg_scans import MOST_SCANS, MOST_SEGMENTS, has_too_many
from tests.odd_pictures import encoded, progressive_jpeg


def jpeg(**options: object) -> bytes:
    return encoded(Image.effect_noise((640, 480), 80).convert("RGB"), "JPEG", **options)


@pytest.mark.parametrize(
    "content",
    [
        jpeg(),
        jpeg(progressive=True, quality=100),
        jpeg(icc_profile=b"\xff\xda" * 30_000, progressive=True),
        jpeg(restart_marker_blocks=1),
        jpeg() + b"\xff\xda" * 30_000,
        jpeg()[:5000],
    ],
    ids=["baseline", "progressive", "profile", "restarts", "a film behind it", "cut off"],
)
def test_files_as_encoders_and_phones_write_them_pass(content: bytes) -> None:
    assert not has_too_many(content)


def test_a_file_with_endless_scans_is_refused_before_it_is_decoded() -> None:
    assert decode(progressive_jpeg(64, MOST_SCANS - 1)).size == (64, 64)
    with pytest.raises(SourceTooLargeError, match="more than 100 scans"):
        decode(progressive_jpeg(64, MOST_SCANS))


def test_scans_are_counted_behind_a_marker_that_stands_alone() -> None:
    endless = progressive_jpeg(64, MOST_SCANS)
    first = endless.index(b"\xff\xda")
    assert has_too_many(endless[:first] + b"\xff\x01" + endless[first:])


def test_a_file_with_endless_segments_is_refused() -> None:
    comment = b"\xff\xfe\x00\x02"
    whole = jpeg()
    assert has_too_many(whole[:2] + comment * MOST_SEGMENTS + whole[2:])
